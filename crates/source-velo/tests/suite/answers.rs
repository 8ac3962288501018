//! Samples, and everything that is read out of them.

use crate::{body, look, told};

const NOW: &str = "2026-05-18T12:10:00Z";

macro_rules! sample {
    ($name:ident, $path:expr, $body:literal, $now:expr) => {
        #[test]
        fn $name() {
            let (record, parsed) = look($path, body!($body), $now).unwrap();
            let facts: Vec<String> = parsed
                .facts
                .iter()
                .map(|fact| format!("{fact:?}"))
                .collect();
            insta::assert_snapshot!(format!("{}{}", told(&record), facts.join("\n")));
        }
    };
}

sample!(
    futures,
    "/api/v1/futures?delisted=0",
    "catalogue/futures.csv",
    NOW
);
sample!(
    futures_delisted,
    "/api/v1/futures?delisted=1",
    "catalogue/futures_delisted.csv",
    NOW
);
sample!(spot, "/api/v1/spot?delisted=0", "catalogue/spot.csv", NOW);
sample!(
    options,
    "/api/v1/options?delisted=0",
    "catalogue/options.csv",
    NOW
);
sample!(
    ugly_catalogue,
    "/api/v1/futures?delisted=0",
    "catalogue/ugly.csv",
    NOW
);
sample!(
    two_products,
    "/api/v1/rows?type=futures&exchanges=binance-futures&products=BTCUSDT,ETHUSDT&columns=close_price&begin=1767225600000&end=1767229200000&resolution=60",
    "rows/two_products.csv",
    NOW
);
sample!(
    nulls,
    "/api/v1/rows?type=futures&exchanges=binance-futures,bybit&products=BTCUSDT&columns=close_price,funding_rate&begin=1783929600000.0&end=1783933200000.0&resolution=60.0",
    "rows/nulls.csv",
    "2026-07-13T10:00:00Z"
);
sample!(
    all_columns,
    "/api/v1/rows?type=futures&exchanges=binance-futures,bybit&products=BTCUSDT&columns=open_price,high_price,low_price,close_price,coin_volume,dollar_volume,buy_trades,sell_trades,total_trades,buy_coin_volume,sell_coin_volume,buy_dollar_volume,sell_dollar_volume,coin_open_interest_high,coin_open_interest_low,coin_open_interest_close,dollar_open_interest_high,dollar_open_interest_low,dollar_open_interest_close,funding_rate,funding_rate_avg,premium,buy_liquidations,sell_liquidations,buy_liquidations_coin_volume,sell_liquidations_coin_volume,liquidations_coin_volume,buy_liquidations_dollar_volume,sell_liquidations_dollar_volume,liquidations_dollar_volume&begin=1767225600000&end=1767236400000&resolution=60",
    "rows/all_columns.csv",
    NOW
);
sample!(
    spot_bars,
    "/api/v1/rows?type=spot&exchanges=binance,coinbase&coins=BTC&columns=open_price,high_price,low_price,close_price,coin_volume,dollar_volume,total_trades&begin=1767225600000&end=1767232800000&resolution=60",
    "rows/spot.csv",
    NOW
);
sample!(
    ugly_rows,
    "/api/v1/rows?type=futures&exchanges=bybit&products=888USDT,BTCUSDT&columns=close_price,funding_rate&begin=1779055200000&end=1779069600000&resolution=60",
    "rows/ugly.csv",
    "2026-05-18T02:01:00Z"
);
sample!(
    two_caps,
    "/api/v1/caps?coins=BTC,ETH",
    "caps/two_coins.csv",
    "2026-07-08T12:26:00Z"
);
sample!(
    ugly_caps,
    "/api/v1/caps?coins=888,BTC,ETH,SOL",
    "caps/ugly.csv",
    NOW
);
