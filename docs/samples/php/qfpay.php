<?php
// QFPay in PHP: sign, call, and cancel to a proved answer. PHP 8.1 with ext-curl.

declare(strict_types=1);

// --8<-- [start:settings]
define('URL', getenv('QFPAY_URL'));
define('APP_CODE', getenv('QFPAY_APP_CODE'));
define('CLIENT_KEY', getenv('QFPAY_CLIENT_KEY')); // never printed, never sent
define('MCHID', getenv('QFPAY_MCHID') ?: ''); // only if QFPay gave you one
define('PAUSE', (float) (getenv('QFPAY_PAUSE') ?: 3)); // seconds between two queries
define('JOURNAL', getenv('QFPAY_JOURNAL') ?: 'orders.json'); // your database
// --8<-- [end:settings]

// --8<-- [start:sign]
/** Sort by name, join the plain values, append the key, hash the UTF-8 bytes. */
function sign(array $params): string
{
    ksort($params, SORT_STRING);
    $pairs = array_map(fn($name, $value) => "$name=$value", array_keys($params), $params);
    return strtoupper(md5(implode('&', $pairs) . CLIENT_KEY));
}
// --8<-- [end:sign]

// --8<-- [start:verify]
/** Is this answer or notification QFPay's? Give the raw bytes, not parsed JSON. */
function verify(string $body, string $signature): bool
{
    return hash_equals(strtoupper(md5($body . CLIENT_KEY)), strtoupper($signature));
}
// --8<-- [end:verify]

// --8<-- [start:call]
/** No usable answer. It may have happened: query before anything else. */
class OutcomeUnknown extends RuntimeException
{
}

/** Send one request, once, and return the answer; 0000 is only one of many. */
function call(string $endpoint, array $params): array
{
    $params = array_filter($params, fn($value) => $value !== '');
    if (MCHID !== '') {
        $params['mchid'] = MCHID;
    }
    $signature = '';
    $curl = curl_init(URL . "/trade/v1/$endpoint");
    curl_setopt_array($curl, [
        CURLOPT_POST => true,
        CURLOPT_POSTFIELDS => http_build_query($params),
        CURLOPT_HTTPHEADER => [
            'X-QF-APPCODE: ' . APP_CODE,
            'X-QF-SIGN: ' . sign($params),
            'X-QF-SIGNTYPE: MD5',
        ],
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_CONNECTTIMEOUT => 5,
        CURLOPT_TIMEOUT => 60, // certificates are checked by default
        CURLOPT_HEADERFUNCTION => function ($curl, string $line) use (&$signature): int {
            if (stripos($line, 'X-QF-SIGN:') === 0) {
                $signature = trim(substr($line, 10));
            }
            return strlen($line);
        },
    ]);
    $body = curl_exec($curl);
    $status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
    if ($body === false) {
        throw new OutcomeUnknown("no answer from $endpoint");
    }
    if ($status !== 200) {
        throw new OutcomeUnknown("HTTP $status from $endpoint");
    }
    if (!verify($body, $signature)) {
        throw new OutcomeUnknown("the answer from $endpoint is not signed by QFPay");
    }
    return json_decode($body, true, flags: JSON_THROW_ON_ERROR);
}
// --8<-- [end:call]

// --8<-- [start:payment]
/** Ask for money. txamt is an integer in the smallest unit: 2500 is 25.00 HKD. */
function payment(
    string $pay_type, int $txamt, string $txcurrcd, string $out_trade_no, string $txdtm,
    string $goods_name = '', string $auth_code = '',
): array {
    return call('payment', compact(
        'pay_type', 'txamt', 'txcurrcd', 'out_trade_no', 'txdtm', 'goods_name', 'auth_code',
    ));
}
// --8<-- [end:payment]

// --8<-- [start:query]
/** Ask what became of an order. The row decides, not the outer respcd. */
function query(string $out_trade_no): array
{
    return call('query', compact('out_trade_no'));
}
// --8<-- [end:query]

// --8<-- [start:reversal]
/** Call off an unpaid order: Alipay, and WeChat Pay when the shop scans (CPM). */
function reversal(string $out_trade_no, int $txamt, string $txdtm): array
{
    return call('reversal', compact('out_trade_no', 'txamt', 'txdtm'));
}
// --8<-- [end:reversal]

// --8<-- [start:close]
/** Call off an unpaid order: WeChat Pay when the payer scans (MPM), other wallets. */
function close(string $out_trade_no, int $txamt, string $txdtm): array
{
    return call('close', compact('out_trade_no', 'txamt', 'txdtm'));
}
// --8<-- [end:close]

// --8<-- [start:refund]
/** Refund. syssn is the payment's, out_trade_no a new one for the refund. */
function refund(string $syssn, string $out_trade_no, int $txamt, string $txdtm): array
{
    return call('refund', compact('syssn', 'out_trade_no', 'txamt', 'txdtm'));
}
// --8<-- [end:refund]

// --8<-- [start:capture]
/** Charges a hold, all of it or a part. syssn is the hold's, out_trade_no a new one.
 *  For the hold of a card leave out_trade_no and txdtm out. */
function capture(string $syssn, string $out_trade_no, int $txamt, string $txdtm): array
{
    return call('authtrade', compact('syssn', 'out_trade_no', 'txamt', 'txdtm'));
}
// --8<-- [end:capture]

// --8<-- [start:release]
/** Gives back what is still held. syssn and out_trade_no are the hold's. */
function release(string $syssn, string $out_trade_no, int $txamt, string $txdtm): array
{
    return call('unfreeze', compact('syssn', 'out_trade_no', 'txamt', 'txdtm'));
}
// --8<-- [end:release]

// --8<-- [start:cancel]
const DEAD = ['1142', '1181', '1263', '1264'];
const FAILED = ['1147', '1201', '1202', '1203', '1204', '1205', '1212', '1250', '1294', '2005'];
const UNCLEAR = ['1100', '1101', '1254']; // the gateway does not know either

/** What the books say: PAID, REFUNDED, CANCELLED, FAILED, OPEN, or UNKNOWN. */
function look(string $out_trade_no): string
{
    try {
        $answer = query($out_trade_no);
    } catch (OutcomeUnknown) {
        return 'UNKNOWN';
    }
    if ($answer['respcd'] !== '0000') {
        throw new RuntimeException("the query was refused: {$answer['respcd']} {$answer['resperr']}");
    }
    if ($answer['data'] === []) {
        return 'UNKNOWN'; // it may still be on its way
    }
    $row = $answer['data'][0];
    return match (true) {
        $row['respcd'] === '0000' => match ($row['cancel']) {
            '1', '2' => 'CANCELLED',
            '3' => 'REFUNDED',
            default => 'PAID',
        },
        in_array($row['respcd'], DEAD, true) => 'CANCELLED',
        in_array($row['respcd'], FAILED, true) => 'FAILED',
        in_array($row['respcd'], ['1143', '1145'], true) => 'OPEN',
        default => 'UNKNOWN',
    };
}

/** Query, call off if it is still open, query until the answer is final. */
function cancel(string $out_trade_no, int $txamt, string $txdtm, string $how): string
{
    $answered = $refused = false;
    for ($tries = 0; $tries < 40; $tries++) {
        $state = look($out_trade_no);
        if (!in_array($state, ['OPEN', 'UNKNOWN'], true)) {
            return $state;
        }
        if ($state === 'OPEN' && $refused) {
            return 'NOT_CANCELLABLE';
        }
        if ($state === 'OPEN' && !$answered) {
            try {
                $reply = $how === 'reversal'
                    ? reversal($out_trade_no, $txamt, $txdtm)
                    : close($out_trade_no, $txamt, $txdtm);
                // An answer is no verdict in any case: look again.
                $answered = !in_array($reply['respcd'], UNCLEAR, true);
                $refused = $answered && !in_array($reply['respcd'], ['0000', '1143', '1145'], true);
                if ($reply['respcd'] === '0000' || $refused) {
                    continue;
                }
            } catch (OutcomeUnknown) {
                // it may have worked: look again
            }
        }
        usleep((int) (PAUSE * 1_000_000));
    }
    return 'UNRESOLVED'; // not failed: resume later, and do not charge again
}
// --8<-- [end:cancel]

// --8<-- [start:shop]
const CLOSED = ['800201']; // WeChat Pay MPM is called off by close, the others by reversal

/** Sell once. A sale that the journal has was sent already: ask, and never charge again. */
function shop(
    string $number, int $txamt, string $txcurrcd, string $pay_type, string $auth_code = '',
): string {
    $orders = is_file(JOURNAL) ? json_decode(file_get_contents(JOURNAL), true) : [];
    if (!isset($orders[$number])) {
        $beijing = new DateTime('now', new DateTimeZone('Asia/Shanghai'));
        $orders[$number] = $beijing->format('Y-m-d H:i:s');
        note($orders); // before the request is sent
        try {
            payment($pay_type, $txamt, $txcurrcd, $number, $orders[$number], '', $auth_code);
        } catch (OutcomeUnknown) {
            // charged or not: the query tells
        }
    }
    $how = in_array($pay_type, CLOSED, true) ? 'close' : 'reversal';
    for ($tries = 0; $tries < 40; $tries++) { // the payer has two minutes
        $state = look($number);
        if (!in_array($state, ['OPEN', 'UNKNOWN'], true)) {
            break;
        }
        usleep((int) (PAUSE * 1_000_000));
    }
    if (in_array($state, ['OPEN', 'UNKNOWN'], true)) {
        $state = cancel($number, $txamt, $orders[$number], $how);
    }
    return match ($state) {
        'PAID' => 'paid',
        'CANCELLED', 'FAILED', 'REFUNDED' => 'not paid',
        default => 'unknown',
    };
}

/** Written as a whole, on the disk before anything is sent. */
function note(array $orders): void
{
    $file = fopen(JOURNAL . '.new', 'w');
    fwrite($file, json_encode($orders));
    fsync($file);
    fclose($file);
    rename(JOURNAL . '.new', JOURNAL);
}
// --8<-- [end:shop]

// --8<-- [start:server]
/** Notifications: checked, asked about, and only then acknowledged. */
function receive(string $body, string $signature): void
{
    if (!verify($body, $signature)) {
        http_response_code(403); // not QFPay's
    } elseif (look(json_decode($body, true)['out_trade_no']) === 'UNKNOWN') {
        http_response_code(503); // QFPay sends it again
    } else {
        echo 'SUCCESS'; // here: book what the query says, once
    }
}
// --8<-- [end:server]

/** An amount is a whole number of the smallest unit; 25.00 is a mistake, 2500 is meant. */
function units(string $txamt): int
{
    if (!preg_match('/^[1-9][0-9]*$/D', $txamt)) {
        throw new InvalidArgumentException("txamt is $txamt: not a whole number");
    }
    return (int) $txamt;
}

if (PHP_SAPI !== 'cli') { // php -S 127.0.0.1:8000 qfpay.php, or behind your web server
    if (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) === '/checkout') {
        echo shop($_POST['number'], units($_POST['amount']), $_POST['currency'],
            $_POST['pay_type'], $_POST['auth_code'] ?? '');
    } else {
        receive(file_get_contents('php://input'), $_SERVER['HTTP_X_QF_SIGN'] ?? '');
    }
    exit;
}

[, $what] = $argv;
$words = array_slice($argv, 2);
$calls = ['payment', 'query', 'reversal', 'close', 'refund', 'capture', 'release'];
$amounts = ['payment' => 1, 'reversal' => 1, 'close' => 1, 'cancel' => 1, 'shop' => 1];
$amounts += ['refund' => 2, 'capture' => 2, 'release' => 2];
if (isset($amounts[$what])) {
    $words[$amounts[$what]] = units($words[$amounts[$what]]);
}
try {
    if ($what === 'sign') {
        $params = [];
        foreach ($words as $word) {
            [$name, $value] = explode('=', $word, 2);
            $params[$name] = $value;
        }
        echo sign($params), "\n";
    } elseif ($what === 'verify') {
        echo verify(file_get_contents($words[0]), $words[1]) ? "genuine\n" : "not genuine\n";
    } elseif ($what === 'cancel') {
        echo cancel(...$words), "\n";
    } elseif ($what === 'shop') {
        echo shop(...$words), "\n";
    } elseif (in_array($what, $calls, true)) {
        echo json_encode($what(...$words), JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES), "\n";
    }
} catch (OutcomeUnknown $error) {
    fwrite(STDERR, "unknown: {$error->getMessage()}; query before anything else\n");
    exit(1);
}
