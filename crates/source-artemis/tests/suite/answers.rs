//! Samples, and everything that is read out of them.

use crate::{body, look, told};

macro_rules! sample {
    ($name:ident, $path:expr, $body:literal, $now:expr) => {
        #[test]
        fn $name() {
            let record = look($path, body!($body), $now).unwrap();
            insta::assert_snapshot!(told(&record));
        }
    };
}

sample!(
    symbols,
    "/asset/symbols/",
    "symbols/contract.json",
    "2026-05-18T12:10:00Z"
);
sample!(
    ugly_symbols,
    "/asset/symbols",
    "symbols/ugly.json",
    "2026-05-18T12:10:00Z"
);
sample!(
    history,
    "/data/api/PRICE,MC/?symbols=btc,eth&startDate=2024-01-01&endDate=2024-01-05",
    "metrics_daily/history.json",
    "2026-05-18T12:10:00Z"
);
sample!(
    mixed_messages,
    "/data/api/PRICE,PERP_VOLUME,30D_VOLUME,NO_SUCH_METRIC/?symbols=btc,hype,mev&startDate=2024-01-01&endDate=2024-01-02",
    "metrics_daily/mixed_messages.json",
    "2026-05-18T12:10:00Z"
);
sample!(
    symbols_is_message,
    "/data/api/PRICE,MC/?symbols=newcoin&startDate=2024-01-01&endDate=2024-01-02",
    "metrics_daily/symbols_is_message.json",
    "2026-05-18T12:10:00Z"
);
sample!(
    undated,
    "/data/api/PRICE,MC,24H_PRICE_CHG_PCT,DAU,FEES/?symbols=btc,hype,mev&startDate=2026-05-17&endDate=2026-05-18",
    "metrics_daily/undated.json",
    "2026-05-18T12:10:00Z"
);
sample!(
    stablecoin,
    "/data/api/STABLECOIN_TRANSFER_VOLUME/?symbols=sol&startDate=2026-08-01&endDate=2026-08-02&granularity=DAY",
    "metrics_daily/stablecoin.json",
    "2026-08-10T12:10:00Z"
);
sample!(
    without_level,
    "/data/api/stablecoin_supply/?symbols=USDC&startDate=2026-08-01&endDate=2026-08-02",
    "metrics_daily/without_level.json",
    "2026-08-10T12:10:00Z"
);
sample!(
    equity_price,
    "/data/api/PRICE/?symbols=eq-nvda,eq-meta&startDate=2026-01-01&endDate=2026-01-08",
    "metrics_daily/equity_price.json",
    "2026-01-09T06:05:00Z"
);
sample!(
    financials,
    "/data/api/TOTAL_REVENUE,NET_INCOME,EBITDA,OPERATING_INCOME,FREE_CASH_FLOW,BASIC_EPS,DILUTED_EPS/?symbols=eq-nvda&startDate=2024-04-01&endDate=2025-02-28&granularity=QUARTER",
    "financials_quarterly/eq_nvda.json",
    "2025-03-01T06:05:00Z"
);
sample!(
    ugly,
    "/data/api/PRICE,FEES,DAU,TVL,TXNS/?symbols=btc,eth,sol,hype,gone&startDate=2024-01-01&endDate=2024-01-05",
    "metrics_daily/ugly.json",
    "2024-01-10T06:05:00Z"
);
