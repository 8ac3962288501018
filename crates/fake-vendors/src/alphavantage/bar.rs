//! Bars: a candle with what hangs on it, sampled from a price, put together into longer ones, written as the vendor
//! writes them.

use super::function::Period;
use crate::days::{day_text, month_start, week_start};

/// A column of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlphaVantageField {
    /// `open`.
    Open,
    /// `high`.
    High,
    /// `low`.
    Low,
    /// `close`; the one column of commodities and economic series.
    Close,
    /// `adjusted close`.
    Adjusted,
    /// `volume`.
    Volume,
    /// `dividend amount`.
    Dividend,
    /// `split coefficient`.
    Split,
}

impl AlphaVantageField {
    const ALL: [Self; 8] = [
        Self::Open,
        Self::High,
        Self::Low,
        Self::Close,
        Self::Adjusted,
        Self::Volume,
        Self::Dividend,
        Self::Split,
    ];

    /// Returns the name that the control route takes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::High => "high",
            Self::Low => "low",
            Self::Close => "close",
            Self::Adjusted => "adjusted",
            Self::Volume => "volume",
            Self::Dividend => "dividend",
            Self::Split => "split",
        }
    }

    /// Reads such a name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

/// One row of a series.
#[derive(Debug, Clone)]
pub(super) struct Bar {
    /// As the vendor writes it.
    pub(super) label: String,
    /// The instant the label means: midnight UTC of a day, or the label's local time in UTC.
    pub(super) at_ms: i64,
    pub(super) open: f64,
    pub(super) high: f64,
    pub(super) low: f64,
    pub(super) close: f64,
    pub(super) volume: f64,
    pub(super) adjusted: f64,
    pub(super) dividend: f64,
    pub(super) split: f64,
    /// Dollars per unit of the quote currency.
    pub(super) usd: f64,
    /// Whether the row moves no more.
    pub(super) is_final: bool,
}

impl Bar {
    /// Samples a price at both ends and `between` instants in between; nothing where it is unknown throughout.
    pub(super) fn sampled(
        from_ms: i64,
        to_ms: i64,
        between: i64,
        price: impl Fn(i64) -> Option<f64>,
    ) -> Option<Self> {
        let step = |n: i64| from_ms + (to_ms - from_ms) * n / (between + 1);
        let mut samples = (0..=between + 1).filter_map(|n| price(step(n)));
        let open = samples.next()?;
        let mut bar = Self {
            label: String::new(),
            at_ms: from_ms,
            open,
            high: open,
            low: open,
            close: open,
            volume: 0.0,
            adjusted: open,
            dividend: 0.0,
            split: 1.0,
            usd: 1.0,
            is_final: true,
        };
        for sample in samples {
            bar.high = bar.high.max(sample);
            bar.low = bar.low.min(sample);
            bar.close = sample;
        }
        bar.adjusted = bar.close;
        Some(bar)
    }

    /// Labels the bar with a day.
    pub(super) fn of_day(mut self, day_ms: i64) -> Self {
        self.label = day_text(day_ms);
        self.at_ms = day_ms;
        self
    }

    /// Returns the bar with its prices in dollars.
    pub(super) fn in_usd(&self) -> Self {
        Self {
            open: self.open * self.usd,
            high: self.high * self.usd,
            low: self.low * self.usd,
            close: self.close * self.usd,
            ..self.clone()
        }
    }

    fn join(&mut self, later: Self) {
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.volume += later.volume;
        self.dividend += later.dividend;
        self.split *= later.split;
        (self.close, self.adjusted) = (later.close, later.adjusted);
        (self.label, self.at_ms) = (later.label, later.at_ms);
        self.is_final = later.is_final;
    }
}

/// Joins days into weeks or months, each labelled by its last day so far. Only a period that a newer one follows is
/// final.
pub(super) fn joined(days: Vec<Bar>, period: Period) -> Vec<Bar> {
    let begins = |at_ms: i64| match period {
        Period::Day => at_ms,
        Period::Week => week_start(at_ms),
        Period::Month => month_start(at_ms),
    };
    if period == Period::Day {
        return days;
    }
    let mut bars: Vec<Bar> = Vec::new();
    for day in days {
        match bars.last_mut() {
            Some(bar) if begins(bar.at_ms) == begins(day.at_ms) => bar.join(day),
            _ => bars.push(day),
        }
    }
    if let Some(last) = bars.last_mut() {
        last.is_final = false;
    }
    bars
}

/// How the numbers of a series are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Four decimals, whole shares.
    Share,
    /// Five decimals.
    Fx,
    /// Eight decimals.
    Digital,
    /// Five decimals, eight below one; the volume is whole.
    CryptoIntraday,
    /// A single column with so many decimals.
    Plain(usize),
}

impl Style {
    /// Writes a column of a bar.
    pub(super) fn text(self, bar: &Bar, field: AlphaVantageField) -> String {
        use AlphaVantageField as F;
        match field {
            F::Open => self.price(bar.open),
            F::High => self.price(bar.high),
            F::Low => self.price(bar.low),
            F::Close if bar.close.is_nan() => ".".to_owned(),
            F::Close => self.price(bar.close),
            F::Adjusted => trimmed(bar.adjusted, 12),
            F::Volume if self == Self::Digital => format!("{:.8}", bar.volume),
            F::Volume => format!("{:.0}", bar.volume),
            F::Dividend => format!("{:.4}", bar.dividend),
            F::Split => format!("{:?}", bar.split),
        }
    }

    fn price(self, value: f64) -> String {
        let decimals = match self {
            Self::Share => 4,
            Self::Fx => 5,
            Self::CryptoIntraday if value >= 1.0 => 5,
            Self::Digital | Self::CryptoIntraday => 8,
            Self::Plain(decimals) => decimals,
        };
        format!("{value:.decimals$}")
    }
}

/// Writes a number without zeros at its end.
pub(super) fn trimmed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instant::{DAY_MS, parse_day};

    fn day(text: &str, close: f64) -> Bar {
        let at_ms = parse_day(text).unwrap();
        let bar = Bar::sampled(at_ms, at_ms + DAY_MS, 3, |_| Some(close));
        bar.unwrap().of_day(at_ms)
    }

    #[test]
    fn periods_bear_their_last_day_and_the_newest_is_open() {
        let days = ["2026-05-14", "2026-05-15", "2026-05-18", "2026-06-01"];
        let days: Vec<Bar> = days
            .into_iter()
            .zip([1.0, 3.0, 2.0, 4.0])
            .map(|(d, c)| day(d, c))
            .collect();
        let labels = |bars: &[Bar]| -> Vec<(String, bool)> {
            bars.iter()
                .map(|bar| (bar.label.clone(), bar.is_final))
                .collect()
        };
        let weeks = joined(days.clone(), Period::Week);
        assert_eq!(
            labels(&weeks),
            [
                ("2026-05-15".into(), true),
                ("2026-05-18".into(), true),
                ("2026-06-01".into(), false)
            ]
        );
        let months = joined(days, Period::Month);
        assert_eq!(
            labels(&months),
            [("2026-05-18".into(), true), ("2026-06-01".into(), false)]
        );
        let (first, second) = (&weeks[0], &months[0]);
        let candle = |bar: &Bar| {
            use AlphaVantageField as F;
            [F::Open, F::High, F::Low, F::Close].map(|field| Style::Plain(0).text(bar, field))
        };
        assert_eq!(candle(first), ["1", "3", "1", "3"]);
        assert_eq!(candle(second), ["1", "3", "1", "2"]);
    }

    #[test]
    fn numbers_are_written_as_the_samples_have_them() {
        let bar = Bar {
            volume: 604.800_281_3,
            adjusted: 113.696_883_172_907,
            split: 4.0,
            ..day("2026-05-18", 238.42)
        };
        let text = |style: Style, field| style.text(&bar, field);
        use AlphaVantageField as F;
        assert_eq!(text(Style::Share, F::Close), "238.4200");
        assert_eq!(text(Style::Share, F::Volume), "605");
        assert_eq!(text(Style::Share, F::Adjusted), "113.696883172907");
        assert_eq!(text(Style::Share, F::Split), "4.0");
        assert_eq!(text(Style::Share, F::Dividend), "0.0000");
        assert_eq!(text(Style::Digital, F::Volume), "604.80028130");
        assert_eq!(text(Style::CryptoIntraday, F::Open), "238.42000");
        assert_eq!(trimmed(134.18, 12), "134.18");
        assert_eq!(trimmed(239.0, 4), "239");
    }
}
