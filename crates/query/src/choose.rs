//! Which of the stored series answers a question that left something out. Pure.

use model::SourceId;
use normalize::Kind;

use crate::candidate::Candidate;
use crate::steps::{StepRule, has_points, pick_step};

pub(crate) const DEFAULT_QUOTE: &str = "usd";

/// How to choose among what fits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice<'a> {
    /// The metric's sources, best first.
    pub(crate) preferred: &'a [SourceId],
    /// How the asset was written: a vendor's own id means that id.
    pub(crate) asset_text: &'a str,
    /// How the metric was written: a stored name means that name.
    pub(crate) metric_text: &'a str,
    pub(crate) quote: Option<&'a str>,
    pub(crate) step: StepRule,
}

/// What answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chosen {
    /// One series, or one a venue.
    pub(crate) series: Vec<Candidate>,
    /// What would have fitted as well.
    pub(crate) alternatives: Vec<Candidate>,
}

/// Chooses source, vendor id, quote, step, stored name and venue, in this order. Nothing of two
/// sources, steps, units or instruments comes together; several venues only where one of them
/// would be a part of the truth.
pub(crate) fn choose(fitting: Vec<Candidate>, how: Choice<'_>) -> Chosen {
    let mut chosen = Chosen {
        series: fitting,
        alternatives: Vec::new(),
    };
    let preference = |source: SourceId| {
        how.preferred
            .iter()
            .position(|one| *one == source)
            .unwrap_or(usize::MAX)
    };
    chosen.keep_best(
        |one| one.source,
        |one| {
            (
                !has_points(one, how.step),
                preference(one.source),
                one.source,
            )
        },
    );
    chosen.keep_best(
        |one| one.asset.clone(),
        |one| {
            let scaled = (one.factor - 1.0).abs() > f64::EPSILON;
            (
                !same(&one.asset, how.asset_text),
                scaled,
                -one.points,
                one.asset.clone(),
            )
        },
    );
    let quote = how.quote.unwrap_or(DEFAULT_QUOTE);
    chosen.keep_best(
        |one| one.quote.clone(),
        |one| {
            (
                !has_points(one, how.step),
                one.quote != quote,
                !one.quote.is_empty(),
                one.quote.clone(),
            )
        },
    );
    if let Some(step) = pick_step(&chosen.series, how.step) {
        chosen.keep_best(|one| one.step, |one| (one.step != step, one.step));
    }
    chosen.keep_best(
        |one| one.stored.clone(),
        |one| {
            let stored = one.stored.as_str().to_owned();
            (!same(&stored, how.metric_text), -one.points, stored)
        },
    );
    chosen.pick_venues();
    chosen
        .series
        .sort_by(|a, b| (&a.venue, &a.instrument).cmp(&(&b.venue, &b.instrument)));
    chosen
}

impl Chosen {
    /// Keeps the group of the candidate that ranks lowest.
    fn keep_best<G: PartialEq, K: Ord>(
        &mut self,
        group: impl Fn(&Candidate) -> G,
        rank: impl Fn(&Candidate) -> K,
    ) {
        let Some(best) = self.series.iter().min_by_key(|one| rank(one)).map(&group) else {
            return;
        };
        let (kept, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.series)
            .into_iter()
            .partition(|one| group(one) == best);
        self.series = kept;
        self.alternatives.extend(left);
    }

    /// A price is one number, of the venue that trades the thing itself where there is one. What
    /// flowed through one venue, or is open there, is a part: all venues are shown, each for itself.
    fn pick_venues(&mut self) {
        let every_venue = self.series.first().is_some_and(|one| {
            one.kind() == Some(Kind::Flow) || one.metric.as_str() == "OPEN_INTEREST"
        });
        let rank = |one: &Candidate| {
            (
                is_derivative(&one.venue),
                -one.points,
                one.venue.clone(),
                one.instrument.clone(),
            )
        };
        if every_venue {
            // One instrument a venue: the one with the longest history.
            self.series
                .sort_by_key(|one| (one.venue.clone(), rank(one)));
            let mut last: Option<String> = None;
            let all = std::mem::take(&mut self.series);
            let (kept, left): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| {
                let first = last.as_deref() != Some(&one.venue);
                last = Some(one.venue.clone());
                first
            });
            self.series = kept;
            self.alternatives.extend(left);
        } else {
            self.keep_best(|one| (one.venue.clone(), one.instrument.clone()), rank);
        }
    }
}

fn is_derivative(venue: &str) -> bool {
    ["futures", "swap", "perp"]
        .iter()
        .any(|word| venue.contains(word))
}

/// Case and separators aside.
pub(crate) fn same(a: &str, b: &str) -> bool {
    fold(a) == fold(b)
}

/// Returns a name in lower case, with `-` between its words.
pub(crate) fn fold(text: &str) -> String {
    let plain = text
        .trim()
        .chars()
        .map(|c| if c == '_' || c == ' ' { '-' } else { c });
    plain.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use model::{MetricName, Step, Ts};
    use normalize::{Mapping, Scales, Unit};
    use store::series::SeriesId;

    use super::*;
    use crate::candidate::Meaning;

    pub(crate) const COINGECKO: SourceId = SourceId::new("coingecko");
    const VELO: SourceId = SourceId::new("velo");

    fn at(text: &str) -> Ts {
        Ts::parse(text).unwrap()
    }

    /// A price series of bitcoin in dollars with a year of points.
    pub(crate) fn price(source: SourceId, step: Step) -> Candidate {
        Candidate {
            id: SeriesId(1),
            source,
            asset: "bitcoin".to_owned(),
            instrument: String::new(),
            venue: String::new(),
            quote: "usd".to_owned(),
            stored: MetricName::new("PRICE"),
            step,
            label_shift_secs: 0,
            points: 365,
            ends: Some((at("2025-01-01"), at("2025-12-31"))),
            last_value: 1.0,
            entity: None,
            factor: 1.0,
            metric: MetricName::new("PRICE"),
            meaning: Some(meaning(source, Unit::Quote, Kind::Level)),
        }
    }

    pub(crate) fn meaning(source: SourceId, unit: Unit, kind: Kind) -> Meaning {
        let mapping = Mapping {
            source,
            stored: MetricName::new("PRICE"),
            step: None,
            canonical: MetricName::new("PRICE"),
            unit,
            multiplier: 1.0,
            kind,
            scales: Scales::Price,
        };
        Meaning { mapping, unit }
    }

    pub(crate) fn at_venue(venue: &str, points: i64, kind: Kind) -> Candidate {
        Candidate {
            venue: venue.to_owned(),
            instrument: format!("BTC-{venue}"),
            points,
            meaning: Some(meaning(VELO, Unit::Quote, kind)),
            ..price(VELO, Step::Hour)
        }
    }

    fn how(step: StepRule) -> Choice<'static> {
        Choice {
            preferred: &[COINGECKO, VELO],
            asset_text: "btc",
            metric_text: "price",
            quote: None,
            step,
        }
    }

    fn within(from: &str, to: &str) -> StepRule {
        StepRule::FinestWithin(Some(at(from)), Some(at(to)))
    }

    fn venues(chosen: &Chosen) -> Vec<&str> {
        chosen.series.iter().map(|one| one.venue.as_str()).collect()
    }

    #[test]
    fn step_is_the_finest_of_at_most_a_thousand_points() {
        let both = || vec![price(COINGECKO, Step::Day), price(COINGECKO, Step::Hour)];
        let step = |rule| choose(both(), how(rule)).series[0].step;
        assert_eq!(step(within("2025-06-01", "2025-07-01")), Step::Hour);
        // 1,000 hours are 41 days and 16 hours.
        assert_eq!(
            step(within("2025-01-01", "2025-02-11T16:00:00Z")),
            Step::Hour
        );
        assert_eq!(
            step(within("2025-01-01", "2025-02-11T17:00:00Z")),
            Step::Day
        );
        assert_eq!(step(StepRule::FinestWithin(None, None)), Step::Day);
        // Only what is stored counts: a wide range over few points is a few points.
        let mut short = both();
        short[1].ends = Some((at("2025-12-30"), at("2025-12-31")));
        let chosen = choose(short, how(StepRule::FinestWithin(None, None)));
        assert_eq!(chosen.series[0].step, Step::Hour);
    }

    #[test]
    fn one_step_answers_even_where_nothing_is_stored() {
        let both = || vec![price(COINGECKO, Step::Day), price(COINGECKO, Step::Hour)];
        let steps = |candidates, rule| {
            let chosen = choose(candidates, how(rule));
            chosen.series.iter().map(|one| one.step).collect::<Vec<_>>()
        };
        let (month, week) = (
            within("2015-01-01", "2015-03-01"),
            within("2015-01-01", "2015-01-08"),
        );
        assert_eq!(steps(both(), month), [Step::Day]);
        assert_eq!(steps(both(), week), [Step::Hour]);
        let mut one_empty = both();
        one_empty[1].ends = None;
        assert_eq!(steps(one_empty, week), [Step::Day]);
        let mut empty = both();
        for one in &mut empty {
            one.ends = None;
        }
        assert_eq!(steps(empty.clone(), month), [Step::Day]);
        assert_eq!(steps(empty, StepRule::Freshest), [Step::Hour]);
    }

    #[test]
    fn quote_goes_before_step() {
        // Of a metric that the dictionary does not know.
        let unknown = |quote: &str, step| Candidate {
            quote: quote.to_owned(),
            meaning: None,
            ..price(COINGECKO, step)
        };
        let two = vec![unknown("", Step::Hour), unknown("usd", Step::Day)];
        let chosen = choose(two, how(within("2025-06-01", "2025-06-10")));
        assert_eq!(chosen.series[0].quote, "usd");
        assert_eq!(chosen.series.len(), 1);
    }

    #[test]
    fn newest_value_comes_from_the_finest_step_that_is_up_to_date() {
        let both = |hourly_until: &str| {
            let mut hourly = price(COINGECKO, Step::Hour);
            hourly.ends = Some((at("2025-01-01"), at(hourly_until)));
            vec![price(COINGECKO, Step::Day), hourly]
        };
        let step = |until| choose(both(until), how(StepRule::Freshest)).series[0].step;
        assert_eq!(step("2025-12-31T05:00:00Z"), Step::Hour);
        assert_eq!(step("2025-12-01"), Step::Day);
    }

    #[test]
    fn preferred_source_answers_unless_it_has_nothing_there() {
        let both = || vec![price(VELO, Step::Day), price(COINGECKO, Step::Day)];
        let chosen = choose(both(), how(within("2025-06-01", "2025-06-10")));
        assert_eq!(chosen.series[0].source, COINGECKO);
        assert_eq!(chosen.alternatives[0].source, VELO);
        let mut late = both();
        late[1].ends = Some((at("2025-12-01"), at("2025-12-31")));
        let chosen = choose(late, how(within("2025-06-01", "2025-06-10")));
        assert_eq!(chosen.series[0].source, VELO);
    }

    #[test]
    fn vendor_id_that_was_written_goes_before_the_one_with_more_points() {
        let mut other = price(COINGECKO, Step::Day);
        other.asset = "chain:Bitcoin".to_owned();
        other.points = 1;
        let two = vec![price(COINGECKO, Step::Day), other];
        let rule = StepRule::Freshest;
        assert_eq!(choose(two.clone(), how(rule)).series[0].asset, "bitcoin");
        let asked = Choice {
            asset_text: "CHAIN:bitcoin",
            ..how(rule)
        };
        assert_eq!(choose(two, asked).series[0].asset, "chain:Bitcoin");
    }

    #[test]
    fn price_takes_one_venue_and_flows_take_all() {
        let of = |kind| {
            vec![
                at_venue("okex-swap", 900, kind),
                at_venue("coinbase", 10, kind),
                at_venue("binance-futures", 800, kind),
            ]
        };
        let chosen = choose(of(Kind::Level), how(StepRule::Freshest));
        assert_eq!(venues(&chosen), ["coinbase"]);
        assert_eq!(chosen.alternatives.len(), 2);
        let chosen = choose(of(Kind::Flow), how(StepRule::Freshest));
        assert_eq!(
            venues(&chosen),
            ["binance-futures", "coinbase", "okex-swap"]
        );
    }

    #[test]
    fn one_instrument_a_venue() {
        let mut second = at_venue("okex-swap", 5, Kind::Flow);
        second.instrument = "BTC-OLD".to_owned();
        let two = vec![second, at_venue("okex-swap", 900, Kind::Flow)];
        let chosen = choose(two, how(StepRule::Freshest));
        assert_eq!(chosen.series.len(), 1);
        assert_eq!(chosen.series[0].instrument, "BTC-okex-swap");
    }
}
