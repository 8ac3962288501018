//! How much fits into a request: the 22,500 values of contract section 4.5, priced as asked, and a URL
//! that no proxy refuses.

use crate::datasets::MAX_VALUES;

/// The most products in one request: keeps the address under about 4 kB (section 8).
pub(crate) const MAX_PRODUCTS: u64 = 200;

/// A rectangle of products × buckets that one request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fit {
    /// Products a request.
    pub(crate) products: u64,
    /// Buckets a request.
    pub(crate) buckets: u64,
}

impl Fit {
    /// Returns how many requests so many products over so many buckets take.
    pub(crate) const fn requests(self, products: u64, buckets: u64) -> u64 {
        products.div_ceil(self.products) * buckets.div_ceil(self.buckets)
    }
}

/// Returns the rectangle with the fewest requests for `products` that share `buckets` and have
/// `columns` each, every column counted `exchanges` times. Where a product fills a request by itself it
/// is asked for alone (section 8, deep history): an answer then is about one product.
pub(crate) fn fit(products: u64, buckets: u64, columns: u64, exchanges: u64) -> Fit {
    let values = MAX_VALUES / (columns * exchanges).max(1);
    let (products, buckets) = (products.max(1), buckets.max(1));
    if buckets >= values {
        return Fit {
            products: 1,
            buckets: values.max(1),
        };
    }
    // The whole time at once comes first: of equals the one with the longest stretches.
    let whole = (values / buckets).min(MAX_PRODUCTS);
    let choices = (whole.max(1)..=products.min(MAX_PRODUCTS).min(values)).map(|products| Fit {
        products,
        buckets: (values / products).min(buckets),
    });
    let least = Fit {
        products: whole.clamp(1, products),
        buckets,
    };
    choices.fold(least, |best, one| {
        if one.requests(products, buckets) < best.requests(products, buckets) {
            one
        } else {
            best
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn requests(products: u64, buckets: u64, columns: u64) -> u64 {
        fit(products, buckets, columns, 1).requests(products, buckets)
    }

    #[test]
    fn the_arithmetic_of_section_8_holds() {
        // Live, four buckets.
        assert_eq!(fit(450, 4, 10, 1).products, 200);
        let lists = |lists: [u64; 4], columns| -> u64 {
            lists.into_iter().map(|one| requests(one, 4, columns)).sum()
        };
        assert!((4..=5).contains(&lists([100, 80, 50, 28], 10)));
        assert_eq!(fit(450, 4, 30, 1).products, 187);
        assert_eq!(lists([450, 330, 180, 109], 30), 7);
        // History.
        assert_eq!(requests(1, 2_160, 10), 1);
        assert_eq!(requests(1, 8_760, 10), 4);
        assert_eq!(requests(100, 8_760, 10), 400);
        assert_eq!(requests(1_069, 26_304, 10), 12_828);
        for (columns, hours) in [(5, 4_500), (10, 2_250), (30, 750)] {
            assert_eq!(fit(1, 100_000, columns, 1).buckets, hours);
        }
    }

    #[test]
    fn products_share_a_request_where_that_is_fewer() {
        // Alone it would be 100: two thirds of each request stay unused.
        let sixty_days = requests(100, 1_440, 10);
        assert!(sixty_days < 70, "{sixty_days}");
        assert_eq!(requests(3, 720, 10), 1);
        assert_eq!(requests(3, 750, 10), 1);
        assert_eq!(requests(3, 751, 10), 2);
        // The basis counts three times.
        assert_eq!(fit(2, 3_750, 1, 3).requests(2, 3_750), 1);
        assert_eq!(fit(2, 3_751, 1, 3).requests(2, 3_751), 2);
    }

    proptest! {
        #[test]
        fn nothing_is_over_the_budget_and_no_rectangle_is_better(
            products in 1_u64..400, buckets in 1_u64..3_000, columns in 1_u64..31,
        ) {
            let fit = fit(products, buckets, columns, 1);
            prop_assert!(fit.products * fit.buckets * columns <= MAX_VALUES);
            prop_assert!(fit.products >= 1 && fit.products <= MAX_PRODUCTS && fit.buckets >= 1);
            let values = MAX_VALUES / columns;
            if buckets < values {
                for other in 1..=products.min(MAX_PRODUCTS) {
                    let other = Fit { products: other, buckets: values / other };
                    prop_assert!(other.buckets == 0 || fit.requests(products, buckets) <= other.requests(products, buckets));
                }
            }
        }
    }
}
