//! Numbers as the vendor writes them: exact decimals, in the shortest form, small ones with an exponent.

use std::fmt;

/// A decimal: so many units of `10^-decimals`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub(crate) units: i64,
    pub(crate) decimals: u32,
}

/// Largest count that a float holds exactly.
const EXACT: i64 = 1 << 53;

impl Decimal {
    /// Makes a decimal.
    pub(crate) fn new(units: i64, decimals: u32) -> Self {
        Self { units, decimals }
    }

    /// Returns the float next to the decimal, as reading its text gives it.
    pub(crate) fn value(self) -> f64 {
        if self.units.abs() < EXACT && self.decimals <= 22 {
            // Both are exact, so their quotient is the nearest float.
            return crate::truth::float(self.units) / tens(self.decimals);
        }
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// Drops zeros at the end.
    fn shortest(self) -> Self {
        let mut short = self;
        while short.decimals > 0 && short.units % 10 == 0 {
            short.units /= 10;
            short.decimals -= 1;
        }
        short
    }
}

impl fmt::Display for Decimal {
    /// Writes plainly down to a millionth and below it as `1.5e-7`, as scripting languages do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { units, decimals } = self.shortest();
        let sign = if units < 0 { "-" } else { "" };
        let digits = units.unsigned_abs();
        if decimals == 0 {
            return write!(f, "{sign}{digits}");
        }
        let length = digits.checked_ilog10().map_or(1, |log| log + 1);
        if length + 6 <= decimals {
            let (exponent, unit) = (decimals + 1 - length, 10u64.pow(length - 1));
            let (head, tail) = (digits / unit, digits % unit);
            let width = usize::try_from(length - 1).unwrap_or(0);
            return match width {
                0 => write!(f, "{sign}{head}e-{exponent}"),
                _ => write!(f, "{sign}{head}.{tail:0width$}e-{exponent}"),
            };
        }
        let width = usize::try_from(decimals).unwrap_or(0);
        // More than 19 decimals do not occur: the longest price has twelve.
        let unit = 10u64.checked_pow(decimals).unwrap_or(u64::MAX);
        write!(f, "{sign}{}.{:0width$}", digits / unit, digits % unit)
    }
}

/// Returns a power of ten.
pub(crate) fn tens(exponent: u32) -> f64 {
    10f64.powi(i32::try_from(exponent).unwrap_or(0))
}

/// Rounds to a whole number, the largest there is for what lies beyond it.
#[expect(
    clippy::cast_possible_truncation,
    reason = "saturates, and nothing here is near 2^63"
)]
pub(crate) fn rounded(value: f64) -> i64 {
    value.round() as i64
}

/// Returns `total * part / whole`, rounded down; the product may be larger than 64 bits.
pub(crate) fn fraction(total: i64, part: i64, whole: i64) -> i64 {
    if let Some(product) = total.checked_mul(part) {
        return product / whole.max(1);
    }
    let exact = i128::from(total) * i128::from(part) / i128::from(whole.max(1));
    i64::try_from(exact).unwrap_or(i64::MAX)
}

/// Returns the quotient rounded to the nearest, halves away from zero.
pub(crate) fn quotient(sum: i64, count: i64) -> i64 {
    let half = count / 2 * sum.signum();
    (sum + half) / count.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_short_and_exact() {
        let cases = [
            (878_246, 1, "87824.6"),
            (878_240, 1, "87824"),
            (0, 4, "0"),
            (-38_204_451, 6, "-38.204451"),
            (4_831, 8, "0.00004831"),
            (100, 8, "0.000001"),
            (99, 8, "9.9e-7"),
            (-1, 8, "-1e-8"),
            (105, 9, "1.05e-7"),
            (1_234, 4, "0.1234"),
        ];
        for (units, decimals, text) in cases {
            let decimal = Decimal::new(units, decimals);
            assert_eq!(decimal.to_string(), text);
            let read: f64 = text.parse().unwrap();
            assert_eq!(decimal.value().to_bits(), read.to_bits(), "{text}");
        }
        let large = Decimal::new(98_765_432_109_876_543, 4);
        assert_eq!(large.to_string(), "9876543210987.6543");
        let read: f64 = "9876543210987.6543".parse().unwrap();
        assert_eq!(large.value().to_bits(), read.to_bits());
    }

    #[test]
    fn means_round_to_the_nearest() {
        assert_eq!(quotient(7, 2), 4);
        assert_eq!(quotient(-7, 2), -4);
        assert_eq!(quotient(7, 3), 2);
        assert_eq!(quotient(-1, 60), 0);
        assert_eq!(fraction(i64::MAX / 2, 1_000_000, 2_000_000), i64::MAX / 4);
    }
}
