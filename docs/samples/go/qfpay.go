// QFPay in Go: sign, call, and cancel to a proved answer. Go 1.19 or newer, standard library.
package main

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"sort"
	"strconv"
	"strings"
	"time"
)

// --8<-- [start:settings]
var (
	baseURL   = os.Getenv("QFPAY_URL")
	appCode   = os.Getenv("QFPAY_APP_CODE")
	clientKey = os.Getenv("QFPAY_CLIENT_KEY") // never printed, never sent
	mchid     = os.Getenv("QFPAY_MCHID")      // only if QFPay gave you one
	journal   = os.Getenv("QFPAY_JOURNAL")    // your database
	pause     = 3 * time.Second               // between two queries
	client    = &http.Client{Timeout: 60 * time.Second}
)

// --8<-- [end:settings]

// --8<-- [start:sign]

// sign sorts by name, joins the plain values, appends the key, and hashes the UTF-8 bytes.
func sign(params map[string]string) string {
	names := make([]string, 0, len(params))
	for name := range params {
		names = append(names, name)
	}
	sort.Strings(names)
	pairs := make([]string, len(names))
	for i, name := range names {
		pairs[i] = name + "=" + params[name]
	}
	digest := md5.Sum([]byte(strings.Join(pairs, "&") + clientKey))
	return strings.ToUpper(hex.EncodeToString(digest[:]))
}

// --8<-- [end:sign]

// --8<-- [start:verify]

// verify tells whether an answer or notification is QFPay's. Give the raw bytes, not parsed JSON.
func verify(body []byte, signature string) bool {
	digest := md5.Sum(append(append([]byte{}, body...), clientKey...))
	given, err := hex.DecodeString(signature)
	return err == nil && hmac.Equal(given, digest[:])
}

// --8<-- [end:verify]

// --8<-- [start:call]

// errUnknown: no usable answer. It may have happened: query before anything else.
var errUnknown = errors.New("outcome unknown")

type answer struct {
	Respcd  string           `json:"respcd"`
	Resperr string           `json:"resperr"`
	Data    []map[string]any `json:"data"`
	Raw     json.RawMessage  `json:"-"`
}

// call sends one request, once, and returns the answer; 0000 is only one of many.
func call(endpoint string, params map[string]string) (answer, error) {
	form := url.Values{}
	sent := map[string]string{}
	if mchid != "" {
		sent["mchid"] = mchid
	}
	for name, value := range params {
		if value != "" {
			sent[name] = value
		}
	}
	for name, value := range sent {
		form.Set(name, value)
	}
	request, err := http.NewRequest("POST", baseURL+"/trade/v1/"+endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	request.Header.Set("X-QF-APPCODE", appCode)
	request.Header.Set("X-QF-SIGN", sign(sent))
	request.Header.Set("X-QF-SIGNTYPE", "MD5")
	reply, err := client.Do(request)
	if err != nil {
		return answer{}, fmt.Errorf("%w: no answer from %s", errUnknown, endpoint)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode != 200 {
		return answer{}, fmt.Errorf("%w: HTTP %d from %s", errUnknown, reply.StatusCode, endpoint)
	}
	if !verify(body, reply.Header.Get("X-QF-SIGN")) {
		return answer{}, fmt.Errorf("%w: the answer from %s is not signed by QFPay", errUnknown, endpoint)
	}
	result := answer{Raw: body}
	return result, json.Unmarshal(body, &result)
}

// --8<-- [end:call]

// --8<-- [start:payment]

// payment places a payment. txamt is an integer in the smallest unit: 2500 is 25.00 HKD.
func payment(payType string, txamt int64, txcurrcd, outTradeNo, txdtm, goodsName, authCode string) (answer, error) {
	return call("payment", map[string]string{
		"pay_type":     payType,
		"txamt":        strconv.FormatInt(txamt, 10),
		"txcurrcd":     txcurrcd,
		"out_trade_no": outTradeNo,
		"txdtm":        txdtm,
		"goods_name":   goodsName,
		"auth_code":    authCode,
	})
}

// --8<-- [end:payment]

// --8<-- [start:query]

// query asks what became of an order. The row decides, not the outer respcd.
func query(outTradeNo string) (answer, error) {
	return call("query", map[string]string{"out_trade_no": outTradeNo})
}

// --8<-- [end:query]

// --8<-- [start:reversal]

// reversal calls off an unpaid order: Alipay, and WeChat Pay when the shop scans (CPM).
func reversal(outTradeNo string, txamt int64, txdtm string) (answer, error) {
	return call("reversal", map[string]string{
		"out_trade_no": outTradeNo, "txamt": strconv.FormatInt(txamt, 10), "txdtm": txdtm,
	})
}

// --8<-- [end:reversal]

// --8<-- [start:close]

// closeOrder calls off an unpaid order: WeChat Pay when the payer scans (MPM), other wallets.
func closeOrder(outTradeNo string, txamt int64, txdtm string) (answer, error) {
	return call("close", map[string]string{
		"out_trade_no": outTradeNo, "txamt": strconv.FormatInt(txamt, 10), "txdtm": txdtm,
	})
}

// --8<-- [end:close]

// --8<-- [start:refund]

// refund sends a refund. syssn is the payment's, outTradeNo a new one for the refund.
func refund(syssn, outTradeNo string, txamt int64, txdtm string) (answer, error) {
	return call("refund", map[string]string{
		"syssn": syssn, "out_trade_no": outTradeNo,
		"txamt": strconv.FormatInt(txamt, 10), "txdtm": txdtm,
	})
}

// --8<-- [end:refund]

// --8<-- [start:capture]

// capture charges a hold, all of it or a part. syssn is the hold's, outTradeNo a new one.
// For the hold of a card leave outTradeNo and txdtm out.
func capture(syssn, outTradeNo string, txamt int64, txdtm string) (answer, error) {
	return call("authtrade", map[string]string{
		"syssn": syssn, "out_trade_no": outTradeNo,
		"txamt": strconv.FormatInt(txamt, 10), "txdtm": txdtm,
	})
}

// --8<-- [end:capture]

// --8<-- [start:release]

// release gives back what is still held. syssn and outTradeNo are the hold's.
func release(syssn, outTradeNo string, txamt int64, txdtm string) (answer, error) {
	return call("unfreeze", map[string]string{
		"syssn": syssn, "out_trade_no": outTradeNo,
		"txamt": strconv.FormatInt(txamt, 10), "txdtm": txdtm,
	})
}

// --8<-- [end:release]

// --8<-- [start:cancel]

var (
	dead    = "1142 1181 1263 1264"
	failed  = "1147 1201 1202 1203 1204 1205 1212 1250 1294 2005"
	unclear = "1100 1101 1254" // the gateway does not know either
)

// look says what the books say: PAID, REFUNDED, CANCELLED, FAILED, OPEN, or UNKNOWN.
func look(outTradeNo string) (string, error) {
	reply, err := query(outTradeNo)
	if errors.Is(err, errUnknown) {
		return "UNKNOWN", nil
	}
	if err != nil {
		return "", err
	}
	if reply.Respcd != "0000" {
		return "", fmt.Errorf("the query was refused: %s %s", reply.Respcd, reply.Resperr)
	}
	if len(reply.Data) == 0 {
		return "UNKNOWN", nil // it may still be on its way
	}
	respcd, _ := reply.Data[0]["respcd"].(string)
	cancelled, _ := reply.Data[0]["cancel"].(string)
	switch {
	case respcd == "0000" && (cancelled == "1" || cancelled == "2"):
		return "CANCELLED", nil
	case respcd == "0000" && cancelled == "3":
		return "REFUNDED", nil
	case respcd == "0000":
		return "PAID", nil
	case len(respcd) == 4 && strings.Contains(dead, respcd):
		return "CANCELLED", nil
	case len(respcd) == 4 && strings.Contains(failed, respcd):
		return "FAILED", nil
	case respcd == "1143" || respcd == "1145":
		return "OPEN", nil
	}
	return "UNKNOWN", nil
}

// cancel queries, calls off if it is still open, and queries until the answer is final.
func cancel(outTradeNo string, txamt int64, txdtm, how string) (string, error) {
	answered, refused := false, false
	for tries := 0; tries < 40; tries++ {
		state, err := look(outTradeNo)
		if err != nil || (state != "OPEN" && state != "UNKNOWN") {
			return state, err
		}
		if state == "OPEN" && refused {
			return "NOT_CANCELLABLE", nil
		}
		if state == "OPEN" && !answered {
			callOff := closeOrder
			if how == "reversal" {
				callOff = reversal
			}
			reply, err := callOff(outTradeNo, txamt, txdtm)
			if err != nil && !errors.Is(err, errUnknown) {
				return "", err
			}
			if err == nil { // an answer is no verdict, and no answer may have worked: look again
				answered = !strings.Contains(unclear, reply.Respcd)
				refused = answered && !strings.Contains("0000 1143 1145", reply.Respcd)
				if reply.Respcd == "0000" || refused {
					continue
				}
			}
		}
		time.Sleep(pause)
	}
	return "UNRESOLVED", nil // not failed: resume later, and do not charge again
}

// --8<-- [end:cancel]

// --8<-- [start:shop]

const closed = "800201" // WeChat Pay MPM is called off by close, the others by reversal

// shop sells once. A sale that the journal has was sent already: ask, and never charge again.
func shop(number string, txamt int64, txcurrcd, payType, authCode string) (string, error) {
	orders := map[string]string{}
	if kept, err := os.ReadFile(journal); err == nil {
		if err := json.Unmarshal(kept, &orders); err != nil {
			return "", err
		}
	}
	if orders[number] == "" {
		beijing := time.FixedZone("", 8*60*60)
		orders[number] = time.Now().In(beijing).Format("2006-01-02 15:04:05")
		if err := note(orders); err != nil { // before the request is sent
			return "", err
		}
		_, err := payment(payType, txamt, txcurrcd, number, orders[number], "", authCode)
		if err != nil && !errors.Is(err, errUnknown) { // charged or not: the query tells
			return "", err
		}
	}
	state, err := look(number)
	for tries := 1; tries < 40 && err == nil && isOpen(state); tries++ { // the payer has two minutes
		time.Sleep(pause)
		state, err = look(number)
	}
	if err == nil && isOpen(state) {
		how := map[bool]string{true: "close", false: "reversal"}[payType == closed]
		state, err = cancel(number, txamt, orders[number], how)
	}
	switch state {
	case "PAID":
		return "paid", err
	case "CANCELLED", "FAILED", "REFUNDED":
		return "not paid", err
	}
	return "unknown", err
}

func isOpen(state string) bool { return state == "OPEN" || state == "UNKNOWN" }

// note writes the journal as a whole, on the disk before anything is sent.
func note(orders map[string]string) error {
	kept, err := json.Marshal(orders)
	if err != nil {
		return err
	}
	file, err := os.Create(journal + ".new")
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err = file.Write(kept); err != nil {
		return err
	}
	if err = file.Sync(); err != nil {
		return err
	}
	return os.Rename(journal+".new", journal)
}

// --8<-- [end:shop]

// --8<-- [start:server]

// receive handles notifications: checked, asked about, and only then acknowledged.
func receive(reply http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil || !verify(body, request.Header.Get("X-QF-SIGN")) {
		reply.WriteHeader(403) // not QFPay's
		return
	}
	var told struct {
		OutTradeNo string `json:"out_trade_no"`
	}
	state := "UNKNOWN"
	if json.Unmarshal(body, &told) == nil {
		state, err = look(told.OutTradeNo)
	}
	if err != nil || state == "UNKNOWN" {
		reply.WriteHeader(503) // QFPay sends it again
		return
	}
	fmt.Fprint(reply, "SUCCESS") // here: book what the query says, once
}

// --8<-- [end:server]

// units reads a whole number of the smallest unit; 25.00 is a mistake, 2500 is meant.
func units(txamt string) int64 {
	value, err := strconv.ParseInt(txamt, 10, 64)
	if err != nil || value <= 0 {
		fail(fmt.Errorf("txamt is %s: not a whole number", txamt))
	}
	return value
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func main() {
	if seconds, err := strconv.ParseFloat(os.Getenv("QFPAY_PAUSE"), 64); err == nil {
		pause = time.Duration(seconds * float64(time.Second))
	}
	words := append(os.Args[2:], "", "", "") // what is optional is empty
	var reply answer
	var err error
	switch os.Args[1] {
	case "sign":
		params := map[string]string{}
		for _, word := range os.Args[2:] {
			name, value, _ := strings.Cut(word, "=")
			params[name] = value
		}
		fmt.Println(sign(params))
		return
	case "verify":
		body, err := os.ReadFile(words[0])
		if err != nil {
			fail(err)
		}
		fmt.Println(map[bool]string{true: "genuine", false: "not genuine"}[verify(body, words[1])])
		return
	case "cancel":
		verdict, err := cancel(words[0], units(words[1]), words[2], words[3])
		if err != nil {
			fail(err)
		}
		fmt.Println(verdict)
		return
	case "shop":
		believed, err := shop(words[0], units(words[1]), words[2], words[3], words[4])
		if err != nil {
			fail(err)
		}
		fmt.Println(believed)
		return
	case "serve":
		fail(http.ListenAndServe("127.0.0.1:"+words[0], http.HandlerFunc(receive)))
	case "payment":
		reply, err = payment(words[0], units(words[1]), words[2], words[3], words[4], words[5], words[6])
	case "query":
		reply, err = query(words[0])
	case "reversal":
		reply, err = reversal(words[0], units(words[1]), words[2])
	case "close":
		reply, err = closeOrder(words[0], units(words[1]), words[2])
	case "refund":
		reply, err = refund(words[0], words[1], units(words[2]), words[3])
	case "capture":
		reply, err = capture(words[0], words[1], units(words[2]), words[3])
	case "release":
		reply, err = release(words[0], words[1], units(words[2]), words[3])
	}
	if err != nil {
		fail(err)
	}
	fmt.Println(string(reply.Raw))
}
