<?php // php shop.php NUMBER AMOUNT CURRENCY PAY_TYPE [AUTH_CODE]

/** Send one signed request; null where no answer of QFPay's came: then nothing is known. */
function call(string $endpoint, array $fields): ?array
{
    ksort($fields, SORT_STRING);
    $text = implode('&', array_map(fn($name, $value) => "$name=$value", array_keys($fields), $fields));
    $key = getenv('QFTOOLS_CLIENT_KEY');
    $answer = post(getenv('QFTOOLS_BASE_URL') . "/trade/v1/$endpoint", http_build_query($fields), [
        'Content-Type: application/x-www-form-urlencoded',
        'X-QF-APPCODE: ' . getenv('QFTOOLS_APP_CODE'),
        'X-QF-SIGN: ' . md5($text . $key),
        'X-QF-SIGNTYPE: MD5',
    ]);
    if ($answer === null || !preg_grep('/^X-QF-SIGN: ' . md5($answer[0] . $key) . '$/i', $answer[1])) {
        return null;
    }
    return json_decode($answer[0], true);
}

function post(string $url, string $body, array $headers): ?array
{
    $options = ['method' => 'POST', 'header' => $headers, 'content' => $body, 'timeout' => 20];
    $stream = @fopen($url, 'r', false, stream_context_create(['http' => $options]));
    if ($stream === false) {
        return null;
    }
    return [stream_get_contents($stream), stream_get_meta_data($stream)['wrapper_data']];
}

/** The query's row decides; without a row the order may still be on its way. */
function state(string $number): string
{
    $row = call('query', ['out_trade_no' => $number])['data'][0] ?? ['respcd' => ''];
    return match ($row['respcd']) {
        '0000' => $row['cancel'] === '0' ? 'paid' : 'not paid',
        '1142', '1181', '1201', '1202', '1203', '1204', '1205', '1263', '1294' => 'not paid',
        default => 'open',
    };
}

[, $number, $amount, $currency, $type] = $argv;
$journal = getenv('QFTOOLS_JOURNAL'); // your database
if (!is_file($journal)) { // a sale that it has was sent already: never charge again
    $time = (new DateTime('now', new DateTimeZone('Asia/Shanghai')))->format('Y-m-d H:i:s');
    file_put_contents($journal, $time); // before the request is sent
    call('payment', ['out_trade_no' => $number, 'txamt' => $amount, 'txcurrcd' => $currency,
        'pay_type' => $type, 'txdtm' => $time] + (($argv[5] ?? '') ? ['auth_code' => $argv[5]] : []));
}
$order = ['out_trade_no' => $number, 'txamt' => $amount, 'txdtm' => file_get_contents($journal)];
for ($tries = 1; ($state = state($number)) === 'open' && $tries < 80; $tries++) {
    if ($tries > 40 && $tries % 5 === 0) { // the payer had two minutes
        call($type === '800201' ? 'close' : 'reversal', $order);
    }
    post(getenv('QFTOOLS_CLOCK'), '{"advance": 3}', ['Content-Type: application/json']); // or sleep(3)
}
echo $state === 'open' ? 'unknown' : $state, "\n";
