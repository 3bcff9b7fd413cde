#!/usr/bin/env bash
# QFPay with cURL: sign, call, and cancel to a proved answer. bash, curl, md5sum, jq.
set -euo pipefail

# --8<-- [start:settings]
: "${QFPAY_URL:?}" "${QFPAY_APP_CODE:?}"
: "${QFPAY_CLIENT_KEY:?}" # never printed, never sent, never an argument of a program
: "${QFPAY_MCHID:=}"      # only if QFPay gave you one
: "${QFPAY_PAUSE:=3}"     # seconds between two queries
: "${QFPAY_JOURNAL:=orders}" # your database: a line for each order that was sent
# --8<-- [end:settings]

# --8<-- [start:sign]
# Sort by name, join the plain values, append the key, hash the UTF-8 bytes.
sign() { # name=value ...
  local text
  text=$(printf '%s\0' "$@" | LC_ALL=C sort -z -s -t= -k1,1 | tr '\0' '&')
  printf '%s' "${text%&}$QFPAY_CLIENT_KEY" | md5sum | cut -c1-32 | tr a-f A-F
}
# --8<-- [end:sign]

# --8<-- [start:verify]
# Is this answer or notification QFPay's? Give the file with the raw bytes, not parsed JSON.
verify() { # file signature
  local digest
  digest=$({ cat "$1" && printf '%s' "$QFPAY_CLIENT_KEY"; } | md5sum | cut -c1-32)
  [ "$digest" = "$(printf '%s' "$2" | tr A-F a-f)" ]
}
# --8<-- [end:verify]

# --8<-- [start:call]
# Send one request, once, and print the answer; 0000 is only one of many.
# Status 3: no usable answer. It may have happened: query before anything else.
call() { # endpoint name=value ...
  local endpoint=$1 pair sent=() form=() folder status=0
  shift
  for pair in "$@" ${QFPAY_MCHID:+"mchid=$QFPAY_MCHID"}; do
    [ -n "${pair#*=}" ] || continue
    sent+=("$pair")
    form+=(--data-urlencode "$pair")
  done
  folder=$(mktemp -d)
  curl --silent --fail --connect-timeout 5 --max-time 60 \
    --header "X-QF-APPCODE: $QFPAY_APP_CODE" \
    --header "X-QF-SIGN: $(sign "${sent[@]}")" --header "X-QF-SIGNTYPE: MD5" \
    --dump-header "$folder/headers" --output "$folder/body" \
    "${form[@]}" "$QFPAY_URL/trade/v1/$endpoint" || status=3
  if [ $status = 0 ]; then
    verify "$folder/body" "$(sed -n 's/^x-qf-sign: *\([0-9A-Fa-f]*\).*/\1/Ip' "$folder/headers")" || status=3
  fi
  [ $status != 0 ] || { cat "$folder/body" && echo; }
  rm -r "$folder"
  return $status
}
# --8<-- [end:call]

# --8<-- [start:payment]
# Ask for money. txamt is an integer in the smallest unit: 2500 is 25.00 HKD.
payment() { # pay_type txamt txcurrcd out_trade_no txdtm [goods_name] [auth_code]
  call payment "pay_type=$1" "txamt=$2" "txcurrcd=$3" "out_trade_no=$4" "txdtm=$5" \
    "goods_name=${6:-}" "auth_code=${7:-}"
}
# --8<-- [end:payment]

# --8<-- [start:query]
# Ask what became of an order. The row decides, not the outer respcd.
query() { # out_trade_no
  call query "out_trade_no=$1"
}
# --8<-- [end:query]

# --8<-- [start:reversal]
# Call off an unpaid order: Alipay, and WeChat Pay when the shop scans (CPM).
reversal() { # out_trade_no txamt txdtm
  call reversal "out_trade_no=$1" "txamt=$2" "txdtm=$3"
}
# --8<-- [end:reversal]

# --8<-- [start:close]
# Call off an unpaid order: WeChat Pay when the payer scans (MPM), other wallets.
close() { # out_trade_no txamt txdtm
  call close "out_trade_no=$1" "txamt=$2" "txdtm=$3"
}
# --8<-- [end:close]

# --8<-- [start:refund]
# Refund. syssn is the payment's, out_trade_no a new one for the refund.
refund() { # syssn out_trade_no txamt txdtm
  call refund "syssn=$1" "out_trade_no=$2" "txamt=$3" "txdtm=$4"
}
# --8<-- [end:refund]

# --8<-- [start:capture]
# Charges a hold, all of it or a part. syssn is the hold's, out_trade_no a new one.
# For the hold of a card leave out_trade_no and txdtm out.
capture() { # syssn out_trade_no txamt txdtm
  call authtrade "syssn=$1" "out_trade_no=$2" "txamt=$3" "txdtm=$4"
}
# --8<-- [end:capture]

# --8<-- [start:release]
# Gives back what is still held. syssn and out_trade_no are the hold's.
release() { # syssn out_trade_no txamt txdtm
  call unfreeze "syssn=$1" "out_trade_no=$2" "txamt=$3" "txdtm=$4"
}
# --8<-- [end:release]

# --8<-- [start:cancel]
# What the books say: PAID, REFUNDED, CANCELLED, FAILED, OPEN, or UNKNOWN.
look() { # out_trade_no
  local answer outer respcd flag
  answer=$(query "$1") || { echo UNKNOWN && return; }
  read -r outer respcd flag < <(
    jq -r '"\(.respcd) \(.data[0].respcd // "-") \(.data[0].cancel // "-")"' <<<"$answer"
  )
  [ "$outer" = 0000 ] || { echo "the query was refused: $outer" >&2 && return 1; }
  case $respcd in
    0000) case $flag in 1 | 2) echo CANCELLED ;; 3) echo REFUNDED ;; *) echo PAID ;; esac ;;
    1142 | 1181 | 1263 | 1264) echo CANCELLED ;;
    1147 | 1201 | 1202 | 1203 | 1204 | 1205 | 1212 | 1250 | 1294 | 2005) echo FAILED ;;
    1143 | 1145) echo OPEN ;;
    *) echo UNKNOWN ;; # no such order may mean: still on its way
  esac
}

# Query, call off if it is still open, query until the answer is final.
cancel() { # out_trade_no txamt txdtm reversal|close
  local tries state reply respcd="" # the code of the cancel's answer
  for tries in $(seq 40); do
    state=$(look "$1") || return
    case $state in OPEN | UNKNOWN) ;; *) echo "$state" && return ;; esac
    case $state$respcd in
      UNKNOWN* | OPEN0000 | OPEN1143 | OPEN1145) ;; # an answer is no verdict: look again
      OPEN | OPEN1100 | OPEN1101 | OPEN1254) # not asked yet, or the gateway does not know either
        if reply=$("$4" "$1" "$2" "$3"); then
          respcd=$(jq -r .respcd <<<"$reply")
          case $respcd in 1143 | 1145 | 1100 | 1101 | 1254) ;; *) continue ;; esac
        fi # no answer: it may have worked, look again
        ;;
      OPEN????) echo NOT_CANCELLABLE && return ;;
    esac
    sleep "$QFPAY_PAUSE"
  done
  echo UNRESOLVED # not failed: resume later, and do not charge again
}
# --8<-- [end:cancel]

# --8<-- [start:shop]
# Sell once. A sale that the journal has was sent already: ask, and never charge again.
shop() { # number txamt txcurrcd pay_type [auth_code]
  local txdtm state how tries
  txdtm=$(sed -n "s/^$1 //p" "$QFPAY_JOURNAL" 2>/dev/null) || true
  if [ -z "$txdtm" ]; then
    txdtm=$(TZ=Asia/Shanghai date '+%F %T')
    echo "$1 $txdtm" >>"$QFPAY_JOURNAL" && sync "$QFPAY_JOURNAL" # before the request is sent
    payment "$4" "$2" "$3" "$1" "$txdtm" '' "${5:-}" >&2 || true # charged or not: the query tells
  fi
  for tries in $(seq 40); do # the payer has two minutes
    state=$(look "$1")
    case $state in OPEN | UNKNOWN) sleep "$QFPAY_PAUSE" ;; *) break ;; esac
  done
  how=reversal # WeChat Pay MPM is called off by close, the others by reversal
  [ "$4" != 800201 ] || how=close
  case $state in OPEN | UNKNOWN) state=$(cancel "$1" "$2" "$txdtm" $how) ;; esac
  case $state in
    PAID) echo paid ;;
    CANCELLED | FAILED | REFUNDED) echo 'not paid' ;;
    *) echo unknown ;;
  esac
}
# --8<-- [end:shop]

# An amount is a whole number of the smallest unit; 25.00 is a mistake, 2500 is meant.
case $1 in
  payment | reversal | close | cancel | shop) amount=$3 ;;
  refund | capture | release) amount=$4 ;;
  *) amount=1 ;;
esac
[[ $amount =~ ^[1-9][0-9]*$ ]] || { echo "txamt is $amount: not a whole number" >&2 && exit 2; }

case $1 in
  verify) if verify "$2" "$3"; then echo genuine; else echo "not genuine"; fi ;;
  sign | cancel | shop | payment | query | reversal | close | refund | capture | release)
    "$@" || { status=$? && [ $status != 3 ] || echo "unknown: query before anything else" >&2 && exit $status; } ;;
esac
