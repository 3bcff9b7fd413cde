// QFPay in C#: sign, call, and cancel to a proved answer. .NET Framework 4.6+, Mono or .NET; no package.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Runtime.Serialization.Json;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Tasks;
using System.Xml;
using System.Xml.Linq;

static class QFPay
{
    // --8<-- [start:settings]
    static readonly string Url = Environment.GetEnvironmentVariable("QFPAY_URL");
    static readonly string AppCode = Environment.GetEnvironmentVariable("QFPAY_APP_CODE");
    // The key is never printed and never sent.
    static readonly string ClientKey = Environment.GetEnvironmentVariable("QFPAY_CLIENT_KEY");
    // Only if QFPay gave you one.
    static readonly string Mchid = Environment.GetEnvironmentVariable("QFPAY_MCHID");
    // Seconds between two queries.
    static readonly double Pause = double.Parse(
        Environment.GetEnvironmentVariable("QFPAY_PAUSE") ?? "3", CultureInfo.InvariantCulture);
    static readonly string Journal =
        Environment.GetEnvironmentVariable("QFPAY_JOURNAL") ?? "orders.txt"; // your database
    static readonly HttpClient Http = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
    // --8<-- [end:settings]

    // --8<-- [start:sign]
    /// Sort by name, join the plain values, append the key, hash the UTF-8 bytes.
    static string Sign(IDictionary<string, string> parameters)
    {
        var pairs = parameters
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => pair.Key + "=" + pair.Value);
        return Md5(Encoding.UTF8.GetBytes(string.Join("&", pairs) + ClientKey));
    }

    static string Md5(byte[] text)
    {
        using (var md5 = MD5.Create())
            return BitConverter.ToString(md5.ComputeHash(text)).Replace("-", "");
    }
    // --8<-- [end:sign]

    // --8<-- [start:verify]
    /// Is this answer or notification QFPay's? Give the raw bytes, not parsed JSON.
    static bool Verify(byte[] body, string signature)
    {
        var digest = Md5(body.Concat(Encoding.UTF8.GetBytes(ClientKey)).ToArray());
        var given = signature.ToUpperInvariant();
        if (given.Length != digest.Length) return false;
        var differs = 0; // the whole text is compared, wherever it differs
        for (var i = 0; i < digest.Length; i++) differs |= digest[i] ^ given[i];
        return differs == 0;
    }
    // --8<-- [end:verify]

    // --8<-- [start:call]
    /// No usable answer. It may have happened: query before anything else.
    class OutcomeUnknownException : Exception
    {
        public OutcomeUnknownException(string message) : base(message) { }
    }

    class Answer
    {
        public string Raw;
        public XElement Json; // the JSON as elements: Json.Element("respcd").Value
        public string Respcd { get { return (string)Json.Element("respcd"); } }
    }

    /// Send one request, once, and return the answer; 0000 is only one of many.
    static async Task<Answer> Call(string endpoint, Dictionary<string, string> parameters)
    {
        var sent = parameters.Where(pair => pair.Value != "").ToDictionary(p => p.Key, p => p.Value);
        if (!string.IsNullOrEmpty(Mchid)) sent["mchid"] = Mchid;
        var request = new HttpRequestMessage(HttpMethod.Post, Url + "/trade/v1/" + endpoint)
        {
            Content = new FormUrlEncodedContent(sent),
        };
        request.Headers.Add("X-QF-APPCODE", AppCode);
        request.Headers.Add("X-QF-SIGN", Sign(sent));
        request.Headers.Add("X-QF-SIGNTYPE", "MD5");
        HttpResponseMessage reply;
        byte[] body;
        try
        {
            reply = await Http.SendAsync(request);
            body = await reply.Content.ReadAsByteArrayAsync();
        }
        catch (Exception error) when (error is HttpRequestException || error is TaskCanceledException)
        {
            throw new OutcomeUnknownException("no answer from " + endpoint);
        }
        if ((int)reply.StatusCode != 200)
            throw new OutcomeUnknownException("HTTP " + (int)reply.StatusCode + " from " + endpoint);
        IEnumerable<string> signature;
        if (!reply.Headers.TryGetValues("X-QF-SIGN", out signature) || !Verify(body, signature.First()))
            throw new OutcomeUnknownException("the answer from " + endpoint + " is not signed by QFPay");
        var reader = JsonReaderWriterFactory.CreateJsonReader(body, XmlDictionaryReaderQuotas.Max);
        return new Answer { Raw = Encoding.UTF8.GetString(body), Json = XElement.Load(reader) };
    }
    // --8<-- [end:call]

    // --8<-- [start:payment]
    /// Ask for money. txamt is an integer in the smallest unit: 2500 is 25.00 HKD.
    static Task<Answer> Payment(
        string payType, long txamt, string txcurrcd, string outTradeNo, string txdtm,
        string goodsName = "", string authCode = "")
    {
        return Call("payment", new Dictionary<string, string>
        {
            ["pay_type"] = payType,
            ["txamt"] = txamt.ToString(CultureInfo.InvariantCulture),
            ["txcurrcd"] = txcurrcd,
            ["out_trade_no"] = outTradeNo,
            ["txdtm"] = txdtm,
            ["goods_name"] = goodsName,
            ["auth_code"] = authCode,
        });
    }
    // --8<-- [end:payment]

    // --8<-- [start:query]
    /// Ask what became of an order. The row decides, not the outer respcd.
    static Task<Answer> Query(string outTradeNo)
    {
        return Call("query", new Dictionary<string, string> { ["out_trade_no"] = outTradeNo });
    }
    // --8<-- [end:query]

    // --8<-- [start:reversal]
    /// Call off an unpaid order: Alipay, and WeChat Pay when the shop scans (CPM).
    static Task<Answer> Reversal(string outTradeNo, long txamt, string txdtm)
    {
        return Call("reversal", new Dictionary<string, string>
        {
            ["out_trade_no"] = outTradeNo,
            ["txamt"] = txamt.ToString(CultureInfo.InvariantCulture),
            ["txdtm"] = txdtm,
        });
    }
    // --8<-- [end:reversal]

    // --8<-- [start:close]
    /// Call off an unpaid order: WeChat Pay when the payer scans (MPM), other wallets.
    static Task<Answer> Close(string outTradeNo, long txamt, string txdtm)
    {
        return Call("close", new Dictionary<string, string>
        {
            ["out_trade_no"] = outTradeNo,
            ["txamt"] = txamt.ToString(CultureInfo.InvariantCulture),
            ["txdtm"] = txdtm,
        });
    }
    // --8<-- [end:close]

    // --8<-- [start:refund]
    /// Refund. syssn is the payment's, outTradeNo a new one for the refund.
    static Task<Answer> Refund(string syssn, string outTradeNo, long txamt, string txdtm)
    {
        return Call("refund", new Dictionary<string, string>
        {
            ["syssn"] = syssn,
            ["out_trade_no"] = outTradeNo,
            ["txamt"] = txamt.ToString(CultureInfo.InvariantCulture),
            ["txdtm"] = txdtm,
        });
    }
    // --8<-- [end:refund]

    // --8<-- [start:capture]
    /// Charges a hold, all of it or a part. syssn is the hold's, outTradeNo a new one.
    /// For the hold of a card leave outTradeNo and txdtm out.
    static Task<Answer> Capture(string syssn, string outTradeNo, long txamt, string txdtm)
    {
        return Call("authtrade", new Dictionary<string, string>
        {
            ["syssn"] = syssn,
            ["out_trade_no"] = outTradeNo,
            ["txamt"] = txamt.ToString(CultureInfo.InvariantCulture),
            ["txdtm"] = txdtm,
        });
    }
    // --8<-- [end:capture]

    // --8<-- [start:release]
    /// Gives back what is still held. syssn and outTradeNo are the hold's.
    static Task<Answer> Release(string syssn, string outTradeNo, long txamt, string txdtm)
    {
        return Call("unfreeze", new Dictionary<string, string>
        {
            ["syssn"] = syssn,
            ["out_trade_no"] = outTradeNo,
            ["txamt"] = txamt.ToString(CultureInfo.InvariantCulture),
            ["txdtm"] = txdtm,
        });
    }
    // --8<-- [end:release]

    // --8<-- [start:cancel]
    static readonly string[] Dead = { "1142", "1181", "1263", "1264" };
    static readonly string[] Failed =
        { "1147", "1201", "1202", "1203", "1204", "1205", "1212", "1250", "1294", "2005" };
    // The gateway does not know either.
    static readonly string[] Unclear = { "1100", "1101", "1254" };

    /// What the books say: PAID, REFUNDED, CANCELLED, FAILED, OPEN, or UNKNOWN.
    static async Task<string> Look(string outTradeNo)
    {
        Answer answer;
        try
        {
            answer = await Query(outTradeNo);
        }
        catch (OutcomeUnknownException)
        {
            return "UNKNOWN";
        }
        if (answer.Respcd != "0000")
            throw new InvalidOperationException("the query was refused: " + answer.Respcd);
        var row = answer.Json.Element("data").Elements().FirstOrDefault();
        if (row == null) return "UNKNOWN"; // it may still be on its way
        var respcd = (string)row.Element("respcd");
        var cancelled = (string)row.Element("cancel");
        if (respcd == "0000")
            return cancelled == "1" || cancelled == "2" ? "CANCELLED"
                : cancelled == "3" ? "REFUNDED" : "PAID";
        if (Dead.Contains(respcd)) return "CANCELLED";
        if (Failed.Contains(respcd)) return "FAILED";
        return respcd == "1143" || respcd == "1145" ? "OPEN" : "UNKNOWN";
    }

    /// Query, call off if it is still open, query until the answer is final.
    static async Task<string> Cancel(string outTradeNo, long txamt, string txdtm, string how)
    {
        bool answered = false, refused = false;
        for (var tries = 0; tries < 40; tries++)
        {
            var state = await Look(outTradeNo);
            if (state != "OPEN" && state != "UNKNOWN") return state;
            if (state == "OPEN" && refused) return "NOT_CANCELLABLE";
            if (state == "OPEN" && !answered)
            {
                try
                {
                    var reply = how == "reversal"
                        ? await Reversal(outTradeNo, txamt, txdtm)
                        : await Close(outTradeNo, txamt, txdtm);
                    answered = !Unclear.Contains(reply.Respcd); // no verdict in any case: look again
                    refused = answered && !new[] { "0000", "1143", "1145" }.Contains(reply.Respcd);
                    if (reply.Respcd == "0000" || refused) continue;
                }
                catch (OutcomeUnknownException)
                {
                    // it may have worked: look again
                }
            }
            await Rest();
        }
        return "UNRESOLVED"; // not failed: resume later, and do not charge again
    }

    /// Wait until the next query. In an exam of qftools the gateway's clock is moved instead.
    static async Task Rest()
    {
        var clock = Environment.GetEnvironmentVariable("QFTOOLS_CLOCK");
        if (string.IsNullOrEmpty(clock))
        {
            await Task.Delay(TimeSpan.FromSeconds(Pause));
            return;
        }
        var advance = "{\"advance\": " + Pause.ToString(CultureInfo.InvariantCulture) + "}";
        using (await Http.PostAsync(clock, new StringContent(advance, Encoding.UTF8, "application/json"))) { }
    }
    // --8<-- [end:cancel]

    // --8<-- [start:shop]
    // WeChat Pay MPM is called off by close, the others by reversal.
    static readonly string[] Closed = { "800201" };

    /// Sell once. A sale that the journal has was sent already: ask, and never charge again.
    static async Task<string> Shop(
        string number, long txamt, string txcurrcd, string payType, string authCode = "")
    {
        var orders = File.Exists(Journal)
            ? File.ReadAllLines(Journal).Select(line => line.Split('\t')).ToDictionary(w => w[0], w => w[1])
            : new Dictionary<string, string>();
        if (!orders.ContainsKey(number))
        {
            var beijing = DateTimeOffset.UtcNow.ToOffset(TimeSpan.FromHours(8));
            orders[number] = beijing.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
            Note(orders); // before the request is sent
            try
            {
                await Payment(payType, txamt, txcurrcd, number, orders[number], "", authCode);
            }
            catch (OutcomeUnknownException)
            {
                // charged or not: the query tells
            }
        }
        var state = await Look(number);
        for (var tries = 1; tries < 40 && IsOpen(state); tries++) // the payer has two minutes
        {
            await Rest();
            state = await Look(number);
        }
        if (IsOpen(state))
            state = await Cancel(
                number, txamt, orders[number], Closed.Contains(payType) ? "close" : "reversal");
        if (state == "PAID") return "paid";
        return new[] { "CANCELLED", "FAILED", "REFUNDED" }.Contains(state) ? "not paid" : "unknown";
    }

    static bool IsOpen(string state)
    {
        return state == "OPEN" || state == "UNKNOWN";
    }

    /// Written as a whole, on the disk before anything is sent.
    static void Note(Dictionary<string, string> orders)
    {
        var lines = string.Concat(orders.Select(order => order.Key + "\t" + order.Value + "\n"));
        using (var file = new FileStream(Journal + ".new", FileMode.Create))
        {
            var bytes = Encoding.UTF8.GetBytes(lines);
            file.Write(bytes, 0, bytes.Length);
            file.Flush(true);
        }
        if (File.Exists(Journal)) File.Replace(Journal + ".new", Journal, null);
        else File.Move(Journal + ".new", Journal);
    }
    // --8<-- [end:shop]

    // --8<-- [start:server]
    /// Notifications: checked, asked about, and only then acknowledged.
    static async Task<string> Receive(HttpListenerContext context, byte[] body)
    {
        if (!Verify(body, context.Request.Headers["X-QF-SIGN"] ?? ""))
        {
            context.Response.StatusCode = 403; // not QFPay's
            return "";
        }
        var told = XElement.Load(
            JsonReaderWriterFactory.CreateJsonReader(body, XmlDictionaryReaderQuotas.Max));
        if (await Look((string)told.Element("out_trade_no")) == "UNKNOWN")
        {
            context.Response.StatusCode = 503; // QFPay sends it again
            return "";
        }
        return "SUCCESS"; // here: book what the query says, once
    }

    static async Task<string> Checkout(byte[] body)
    {
        var form = Encoding.UTF8.GetString(body).Split('&').Select(pair => pair.Split('=')).ToDictionary(
            pair => WebUtility.UrlDecode(pair[0]), pair => WebUtility.UrlDecode(pair[1]));
        string authCode;
        form.TryGetValue("auth_code", out authCode);
        return await Shop(
            form["number"], Units(form["amount"]), form["currency"], form["pay_type"], authCode ?? "");
    }

    static async Task Handle(HttpListenerContext context)
    {
        try
        {
            var came = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(came);
            var said = context.Request.Url.AbsolutePath == "/checkout"
                ? await Checkout(came.ToArray())
                : await Receive(context, came.ToArray());
            context.Response.Close(Encoding.UTF8.GetBytes(said), true);
        }
        catch (Exception error) // this request failed; the next is answered
        {
            Console.Error.WriteLine(error.Message);
            context.Response.Abort();
        }
    }

    static void Serve(int port)
    {
        var listener = new HttpListener();
        listener.Prefixes.Add("http://127.0.0.1:" + port.ToString(CultureInfo.InvariantCulture) + "/");
        listener.Start();
        while (true)
        {
            var context = listener.GetContext();
            Task.Run(() => Handle(context));
        }
    }
    // --8<-- [end:server]

    /// A whole number of the smallest unit; 25.00 is a mistake, 2500 is meant.
    static long Units(string txamt)
    {
        var value = long.Parse(txamt, NumberStyles.None, CultureInfo.InvariantCulture);
        if (value == 0) throw new FormatException("txamt is 0");
        return value;
    }

    static string Optional(string[] words, int index)
    {
        return index < words.Length ? words[index] : "";
    }

    static async Task<string> Run(string[] w)
    {
        switch (w[0])
        {
            case "sign":
                return Sign(w.Skip(1).Select(word => word.Split(new[] { '=' }, 2))
                    .ToDictionary(pair => pair[0], pair => pair[1]));
            case "verify":
                return Verify(File.ReadAllBytes(w[1]), w[2]) ? "genuine" : "not genuine";
            case "cancel": return await Cancel(w[1], Units(w[2]), w[3], w[4]);
            case "shop": return await Shop(w[1], Units(w[2]), w[3], w[4], Optional(w, 5));
            case "query": return (await Query(w[1])).Raw;
            case "reversal": return (await Reversal(w[1], Units(w[2]), w[3])).Raw;
            case "close": return (await Close(w[1], Units(w[2]), w[3])).Raw;
            case "refund": return (await Refund(w[1], w[2], Units(w[3]), w[4])).Raw;
            case "capture": return (await Capture(w[1], w[2], Units(w[3]), w[4])).Raw;
            case "release": return (await Release(w[1], w[2], Units(w[3]), w[4])).Raw;
            default:
                return (await Payment(
                    w[1], Units(w[2]), w[3], w[4], w[5], Optional(w, 6), Optional(w, 7))).Raw;
        }
    }

    static int Main(string[] words)
    {
        try
        {
            if (words[0] == "serve") Serve(int.Parse(words[1], CultureInfo.InvariantCulture));
            Console.WriteLine(Run(words).GetAwaiter().GetResult());
            return 0;
        }
        catch (OutcomeUnknownException error)
        {
            Console.Error.WriteLine("unknown: " + error.Message + "; query before anything else");
            return 1;
        }
        finally
        {
            Http.Dispose(); // Mono waits at its end for connections that are kept alive
        }
    }
}
