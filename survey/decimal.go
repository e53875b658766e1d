package survey

import (
	"strconv"
	"strings"
)

// Numbers are kept exactly, as signed millionths in an int64.

const (
	micro    = 1_000_000
	maxMicro = 1_000_000 * 1_000_000_000_000 // 10^12 in millionths
)

type decimalFault byte

const (
	decimalOK decimalFault = iota
	decimalFine
	decimalSmall
	decimalLarge
)

// parseMicro reads a JSON number. Within ±10^12 and with at most six decimals it is exact.
func parseMicro(s string) (int64, decimalFault) {
	negative := strings.HasPrefix(s, "-")
	mantissa, exponent, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(s, "-")), "e")
	whole, frac, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimRight(whole+frac, "0")
	if digits = strings.TrimLeft(digits, "0"); digits == "" {
		return 0, decimalOK
	}
	// The value is 0.digits × 10^point.
	point := len(digits) - len(frac) + trailingZeros(whole+frac)
	if exponent != "" {
		e, err := strconv.Atoi(exponent)
		if err != nil || e > 1<<20 || e < -1<<20 {
			if e = 1 << 20; strings.HasPrefix(exponent, "-") {
				e = -e
			}
		}
		point += e
	}
	large := decimalLarge
	if negative {
		large = decimalSmall
	}
	if point > 13 {
		return 0, large
	}
	if len(digits)-point > 6 {
		return 0, decimalFine
	}
	n, err := strconv.ParseUint(digits+strings.Repeat("0", point+6-len(digits)), 10, 64)
	if err != nil || n > maxMicro {
		return 0, large
	}
	if negative {
		return -int64(n), decimalOK
	}
	return int64(n), decimalOK
}

func trailingZeros(s string) int { return len(s) - len(strings.TrimRight(s, "0")) }

// maxNumberText is the length of the longest text formatMicro returns: -999999999999.999999.
const maxNumberText = 20

func formatMicro(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	s := sign + strconv.FormatInt(n/micro, 10)
	if frac := n % micro; frac != 0 {
		f := strconv.FormatInt(frac+micro, 10)[1:]
		s += "." + strings.TrimRight(f, "0")
	}
	return s
}
