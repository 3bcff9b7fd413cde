// QFPay in Java: sign, call, and cancel to a proved answer. Java 17, java.net.http and Gson.

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;

public class QFPay {
    // --8<-- [start:settings]
    static final String URL = System.getenv("QFPAY_URL");
    static final String APP_CODE = System.getenv("QFPAY_APP_CODE");
    static final String CLIENT_KEY = System.getenv("QFPAY_CLIENT_KEY"); // never printed, never sent
    static final String MCHID = System.getenv("QFPAY_MCHID"); // only if QFPay gave you one
    static final long PAUSE = pause(); // milliseconds between two queries
    static final Path JOURNAL = Path.of(
            Optional.ofNullable(System.getenv("QFPAY_JOURNAL")).orElse("orders.json")); // your database
    static final HttpClient HTTP =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    // --8<-- [end:settings]

    // --8<-- [start:sign]
    /** Sorts by name, joins the plain values, appends the key, hashes the UTF-8 bytes. */
    static String sign(Map<String, String> params) {
        String text = new TreeMap<>(params).entrySet().stream()
                .map(pair -> pair.getKey() + "=" + pair.getValue())
                .collect(Collectors.joining("&"));
        byte[] digest = md5((text + CLIENT_KEY).getBytes(StandardCharsets.UTF_8), new byte[0]);
        return HexFormat.of().withUpperCase().formatHex(digest);
    }

    static byte[] md5(byte[] text, byte[] end) {
        try {
            MessageDigest md5 = MessageDigest.getInstance("MD5");
            md5.update(text);
            return md5.digest(end);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
    // --8<-- [end:sign]

    // --8<-- [start:verify]
    /** Is this answer or notification QFPay's? Give the raw bytes, not parsed JSON. */
    static boolean verify(byte[] body, String signature) {
        byte[] digest = md5(body, CLIENT_KEY.getBytes(StandardCharsets.UTF_8));
        try {
            return MessageDigest.isEqual(digest, HexFormat.of().parseHex(signature));
        } catch (IllegalArgumentException notHex) {
            return false;
        }
    }
    // --8<-- [end:verify]

    // --8<-- [start:call]
    /** No usable answer. It may have happened: query before anything else. */
    static class OutcomeUnknown extends Exception {
        private static final long serialVersionUID = 1;

        OutcomeUnknown(String message) {
            super(message);
        }
    }

    /** Sends one request, once, and returns the answer; 0000 is only one of many. */
    static JsonObject call(String endpoint, Map<String, String> params) throws OutcomeUnknown {
        Map<String, String> sent = new LinkedHashMap<>(params);
        sent.values().removeIf(String::isEmpty);
        if (MCHID != null && !MCHID.isEmpty()) {
            sent.put("mchid", MCHID);
        }
        String form = sent.entrySet().stream()
                .map(pair -> encode(pair.getKey()) + "=" + encode(pair.getValue()))
                .collect(Collectors.joining("&"));
        HttpRequest request = HttpRequest.newBuilder(URI.create(URL + "/trade/v1/" + endpoint))
                .header("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
                .header("X-QF-APPCODE", APP_CODE)
                .header("X-QF-SIGN", sign(sent))
                .header("X-QF-SIGNTYPE", "MD5")
                .timeout(Duration.ofSeconds(60))
                .POST(HttpRequest.BodyPublishers.ofString(form))
                .build();
        HttpResponse<byte[]> reply;
        try {
            reply = HTTP.send(request, HttpResponse.BodyHandlers.ofByteArray());
        } catch (IOException | InterruptedException error) {
            throw new OutcomeUnknown("no answer from " + endpoint);
        }
        if (reply.statusCode() != 200) {
            throw new OutcomeUnknown("HTTP " + reply.statusCode() + " from " + endpoint);
        }
        if (!verify(reply.body(), reply.headers().firstValue("X-QF-SIGN").orElse(""))) {
            throw new OutcomeUnknown("the answer from " + endpoint + " is not signed by QFPay");
        }
        return JsonParser.parseString(new String(reply.body(), StandardCharsets.UTF_8))
                .getAsJsonObject();
    }

    static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
    // --8<-- [end:call]

    // --8<-- [start:payment]
    /** Asks for money. txamt is an integer in the smallest unit: 2500 is 25.00 HKD. */
    static JsonObject payment(
            String payType, long txamt, String txcurrcd, String outTradeNo, String txdtm,
            String goodsName, String authCode) throws OutcomeUnknown {
        return call("payment", Map.of(
                "pay_type", payType,
                "txamt", Long.toString(txamt),
                "txcurrcd", txcurrcd,
                "out_trade_no", outTradeNo,
                "txdtm", txdtm,
                "goods_name", goodsName,
                "auth_code", authCode));
    }
    // --8<-- [end:payment]

    // --8<-- [start:query]
    /** Asks what became of an order. The row decides, not the outer respcd. */
    static JsonObject query(String outTradeNo) throws OutcomeUnknown {
        return call("query", Map.of("out_trade_no", outTradeNo));
    }
    // --8<-- [end:query]

    // --8<-- [start:reversal]
    /** Calls off an unpaid order: Alipay, and WeChat Pay when the shop scans (CPM). */
    static JsonObject reversal(String outTradeNo, long txamt, String txdtm) throws OutcomeUnknown {
        return call("reversal", Map.of(
                "out_trade_no", outTradeNo, "txamt", Long.toString(txamt), "txdtm", txdtm));
    }
    // --8<-- [end:reversal]

    // --8<-- [start:close]
    /** Calls off an unpaid order: WeChat Pay when the payer scans (MPM), other wallets. */
    static JsonObject close(String outTradeNo, long txamt, String txdtm) throws OutcomeUnknown {
        return call("close", Map.of(
                "out_trade_no", outTradeNo, "txamt", Long.toString(txamt), "txdtm", txdtm));
    }
    // --8<-- [end:close]

    // --8<-- [start:refund]
    /** Sends a refund. syssn is the payment's, outTradeNo a new one for the refund. */
    static JsonObject refund(String syssn, String outTradeNo, long txamt, String txdtm)
            throws OutcomeUnknown {
        return call("refund", Map.of(
                "syssn", syssn, "out_trade_no", outTradeNo,
                "txamt", Long.toString(txamt), "txdtm", txdtm));
    }
    // --8<-- [end:refund]

    // --8<-- [start:capture]
    /** Charges a hold, all of it or a part. syssn is the hold's, outTradeNo a new one.
     *  For the hold of a card leave outTradeNo and txdtm out. */
    static JsonObject capture(String syssn, String outTradeNo, long txamt, String txdtm)
            throws OutcomeUnknown {
        return call("authtrade", Map.of(
                "syssn", syssn, "out_trade_no", outTradeNo,
                "txamt", Long.toString(txamt), "txdtm", txdtm));
    }
    // --8<-- [end:capture]

    // --8<-- [start:release]
    /** Gives back what is still held. syssn and outTradeNo are the hold's. */
    static JsonObject release(String syssn, String outTradeNo, long txamt, String txdtm)
            throws OutcomeUnknown {
        return call("unfreeze", Map.of(
                "syssn", syssn, "out_trade_no", outTradeNo,
                "txamt", Long.toString(txamt), "txdtm", txdtm));
    }
    // --8<-- [end:release]

    // --8<-- [start:cancel]
    static final Set<String> DEAD = Set.of("1142", "1181", "1263", "1264");
    static final Set<String> FAILED = Set.of(
            "1147", "1201", "1202", "1203", "1204", "1205", "1212", "1250", "1294", "2005");
    /** The gateway does not know either. */
    static final Set<String> UNCLEAR = Set.of("1100", "1101", "1254");

    /** What the books say: PAID, REFUNDED, CANCELLED, FAILED, OPEN, or UNKNOWN. */
    static String look(String outTradeNo) {
        JsonObject answer;
        try {
            answer = query(outTradeNo);
        } catch (OutcomeUnknown error) {
            return "UNKNOWN";
        }
        if (!answer.get("respcd").getAsString().equals("0000")) {
            throw new IllegalStateException("the query was refused: " + answer.get("respcd"));
        }
        if (answer.getAsJsonArray("data").isEmpty()) {
            return "UNKNOWN"; // it may still be on its way
        }
        JsonObject row = answer.getAsJsonArray("data").get(0).getAsJsonObject();
        String respcd = row.get("respcd").getAsString();
        if (respcd.equals("0000")) {
            return switch (row.get("cancel").getAsString()) {
                case "1", "2" -> "CANCELLED";
                case "3" -> "REFUNDED";
                default -> "PAID";
            };
        }
        if (DEAD.contains(respcd)) {
            return "CANCELLED";
        }
        if (FAILED.contains(respcd)) {
            return "FAILED";
        }
        return Set.of("1143", "1145").contains(respcd) ? "OPEN" : "UNKNOWN";
    }

    /** Queries, calls off if it is still open, queries until the answer is final. */
    static String cancel(String outTradeNo, long txamt, String txdtm, String how)
            throws InterruptedException {
        boolean answered = false;
        boolean refused = false;
        for (int tries = 0; tries < 40; tries++) {
            String state = look(outTradeNo);
            if (!state.equals("OPEN") && !state.equals("UNKNOWN")) {
                return state;
            }
            if (state.equals("OPEN") && refused) {
                return "NOT_CANCELLABLE";
            }
            if (state.equals("OPEN") && !answered) {
                try {
                    JsonObject reply = how.equals("reversal")
                            ? reversal(outTradeNo, txamt, txdtm)
                            : close(outTradeNo, txamt, txdtm);
                    String respcd = reply.get("respcd").getAsString();
                    answered = !UNCLEAR.contains(respcd); // no verdict in any case: look again
                    refused = answered && !Set.of("0000", "1143", "1145").contains(respcd);
                    if (respcd.equals("0000") || refused) {
                        continue;
                    }
                } catch (OutcomeUnknown error) {
                    // it may have worked: look again
                }
            }
            Thread.sleep(PAUSE);
        }
        return "UNRESOLVED"; // not failed: resume later, and do not charge again
    }
    // --8<-- [end:cancel]

    // --8<-- [start:shop]
    /** WeChat Pay MPM is called off by close, the others by reversal. */
    static final Set<String> CLOSED = Set.of("800201");

    /** Sells once. A sale that the journal has was sent already: ask, and never charge again. */
    static String shop(String number, long txamt, String txcurrcd, String payType, String authCode)
            throws IOException, InterruptedException {
        JsonObject orders = Files.exists(JOURNAL)
                ? JsonParser.parseString(Files.readString(JOURNAL)).getAsJsonObject()
                : new JsonObject();
        if (!orders.has(number)) {
            orders.addProperty(number, LocalDateTime.now(ZoneId.of("Asia/Shanghai"))
                    .format(DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss")));
            note(orders); // before the request is sent
            try {
                String txdtm = orders.get(number).getAsString();
                payment(payType, txamt, txcurrcd, number, txdtm, "", authCode);
            } catch (OutcomeUnknown error) {
                // charged or not: the query tells
            }
        }
        String state = look(number);
        for (int tries = 1; tries < 40 && isOpen(state); tries++) { // the payer has two minutes
            Thread.sleep(PAUSE);
            state = look(number);
        }
        if (isOpen(state)) {
            String how = CLOSED.contains(payType) ? "close" : "reversal";
            state = cancel(number, txamt, orders.get(number).getAsString(), how);
        }
        return switch (state) {
            case "PAID" -> "paid";
            case "CANCELLED", "FAILED", "REFUNDED" -> "not paid";
            default -> "unknown";
        };
    }

    static boolean isOpen(String state) {
        return state.equals("OPEN") || state.equals("UNKNOWN");
    }

    /** Written as a whole, on the disk before anything is sent. */
    static void note(JsonObject orders) throws IOException {
        Path file = Path.of(JOURNAL + ".new");
        Files.writeString(file, orders.toString(), StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE,
                StandardOpenOption.SYNC);
        Files.move(file, JOURNAL, StandardCopyOption.REPLACE_EXISTING);
    }
    // --8<-- [end:shop]

    // --8<-- [start:server]
    /** Notifications: checked, asked about, and only then acknowledged. */
    static void receive(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        String signature = exchange.getRequestHeaders().getFirst("X-QF-SIGN");
        if (!verify(body, signature == null ? "" : signature)) {
            exchange.sendResponseHeaders(403, -1); // not QFPay's
        } else if (look(orderOf(body)).equals("UNKNOWN")) {
            exchange.sendResponseHeaders(503, -1); // QFPay sends it again
        } else { // here: book what the query says, once
            byte[] success = "SUCCESS".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, success.length);
            exchange.getResponseBody().write(success);
        }
        exchange.close();
    }

    static void checkout(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        Map<String, String> form = new TreeMap<>();
        for (String pair : new String(body, StandardCharsets.UTF_8).split("&")) {
            String[] both = URLDecoder.decode(pair, StandardCharsets.UTF_8).split("=", 2);
            form.put(both[0], both[1]);
        }
        try {
            byte[] believed = shop(form.get("number"), units(form.get("amount")),
                    form.get("currency"), form.get("pay_type"),
                    form.getOrDefault("auth_code", "")).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, believed.length);
            exchange.getResponseBody().write(believed);
        } catch (InterruptedException error) {
            exchange.sendResponseHeaders(503, -1);
        }
        exchange.close();
    }

    static String orderOf(byte[] body) {
        return JsonParser.parseString(new String(body, StandardCharsets.UTF_8))
                .getAsJsonObject().get("out_trade_no").getAsString();
    }
    // --8<-- [end:server]

    static long pause() {
        String seconds = Optional.ofNullable(System.getenv("QFPAY_PAUSE")).orElse("3");
        return (long) (Double.parseDouble(seconds) * 1000);
    }

    /** Reads a whole number of the smallest unit; 25.00 is a mistake, 2500 is meant. */
    static long units(String txamt) {
        if (!txamt.matches("[1-9][0-9]*")) {
            throw new IllegalArgumentException("txamt is " + txamt + ": not a whole number");
        }
        return Long.parseLong(txamt);
    }

    static String optional(String[] words, int index) {
        return index < words.length ? words[index] : "";
    }

    public static void main(String[] words) throws Exception {
        if (words[0].equals("serve")) {
            InetAddress here = InetAddress.getLoopbackAddress();
            int port = Integer.parseInt(words[1]);
            HttpServer server = HttpServer.create(new InetSocketAddress(here, port), 0);
            server.createContext("/", QFPay::receive);
            server.createContext("/checkout", QFPay::checkout);
            server.setExecutor(Executors.newCachedThreadPool()); // a sale holds up no notification
            server.start();
            return;
        }
        try {
            System.out.println(switch (words[0]) {
                case "sign" -> {
                    Map<String, String> params = new TreeMap<>();
                    for (int i = 1; i < words.length; i++) {
                        String[] pair = words[i].split("=", 2);
                        params.put(pair[0], pair[1]);
                    }
                    yield sign(params);
                }
                case "verify" ->
                    verify(Files.readAllBytes(Path.of(words[1])), words[2]) ? "genuine" : "not genuine";
                case "cancel" -> cancel(words[1], units(words[2]), words[3], words[4]);
                case "shop" ->
                    shop(words[1], units(words[2]), words[3], words[4], optional(words, 5));
                case "payment" -> payment(
                        words[1], units(words[2]), words[3], words[4], words[5],
                        optional(words, 6), optional(words, 7));
                case "query" -> query(words[1]);
                case "reversal" -> reversal(words[1], units(words[2]), words[3]);
                case "close" -> close(words[1], units(words[2]), words[3]);
                case "refund" -> refund(words[1], words[2], units(words[3]), words[4]);
                case "capture" -> capture(words[1], words[2], units(words[3]), words[4]);
                case "release" -> release(words[1], words[2], units(words[3]), words[4]);
                default -> throw new IllegalArgumentException(words[0]);
            });
        } catch (OutcomeUnknown error) {
            System.err.println("unknown: " + error.getMessage() + "; query before anything else");
            System.exit(1);
        }
    }
}
