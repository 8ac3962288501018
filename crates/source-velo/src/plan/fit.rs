//! How much fits into a request: the 22,500 values of contract section 4.5, priced as asked.
//!
//! `most` is how many buckets of a single product a request holds, which is also how many products of
//! a single bucket: 22,500 over the columns.

/// The most products in one request: keeps the address under about 4 kB (section 8).
pub(super) const MAX_PRODUCTS: u64 = 200;

/// A rectangle of products × buckets that one request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fit {
    /// Products a request.
    pub(super) products: u64,
    /// Buckets a request.
    pub(super) buckets: u64,
}

impl Fit {
    /// Returns how many requests so many products over so many buckets take.
    const fn requests(self, products: u64, buckets: u64) -> u64 {
        products.div_ceil(self.products) * buckets.div_ceil(self.buckets)
    }
}

/// Returns the rectangle with the fewest requests for `products` that share at most `most` `buckets`.
pub(super) fn fit(products: u64, buckets: u64, most: u64) -> Fit {
    let (products, buckets, most) = (products.max(1), buckets.max(1), most.max(1));
    // The whole time at once comes first: of equals the one with the longest stretches.
    let whole = (most / buckets).clamp(1, MAX_PRODUCTS);
    let choices = (whole..=products.min(MAX_PRODUCTS).min(most)).map(|products| Fit {
        products,
        buckets: (most / products).min(buckets),
    });
    let first = Fit {
        products: whole.min(products),
        buckets: buckets.min(most),
    };
    choices.fold(first, |best, one| {
        if one.requests(products, buckets) < best.requests(products, buckets) {
            one
        } else {
            best
        }
    })
}

/// Returns for how many of so many buckets products share requests. As long as a product fills a
/// request by itself it is asked for alone (section 8, deep history); and so is what is left of its
/// time, unless a request holds that of two.
pub(super) const fn shared_buckets(buckets: u64, most: u64) -> u64 {
    let left = buckets % most;
    if buckets < most || left * 2 <= most {
        left
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The requests for so many products over so many buckets, in so many columns.
    fn requests(products: u64, buckets: u64, columns: u64) -> u64 {
        let most = 22_500 / columns;
        let shared = shared_buckets(buckets, most);
        let alone = products * (buckets - shared).div_ceil(most);
        match shared {
            0 => alone,
            _ => alone + fit(products, shared, most).requests(products, shared),
        }
    }

    #[test]
    fn the_arithmetic_of_section_8_holds() {
        // Live, four buckets.
        assert_eq!(fit(450, 4, 2_250).products, 200);
        let lists = |lists: [u64; 4], columns| -> u64 {
            lists.into_iter().map(|one| requests(one, 4, columns)).sum()
        };
        assert!((4..=5).contains(&lists([100, 80, 50, 28], 10)));
        assert_eq!(fit(450, 4, 750).products, 187);
        assert_eq!(lists([450, 330, 180, 109], 30), 7);
        // History.
        assert_eq!(requests(1, 2_160, 10), 1);
        assert_eq!(requests(1, 8_760, 10), 4);
        assert_eq!(requests(100, 8_760, 10), 400);
        assert_eq!(requests(1_069, 26_304, 10), 12_828);
        for (columns, hours) in [(5, 4_500), (10, 2_250), (30, 750)] {
            assert_eq!(requests(1, hours, columns), 1);
            assert_eq!(requests(1, hours + 1, columns), 2);
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
    }

    #[test]
    fn what_is_left_of_a_long_time_is_shared_where_a_request_holds_that_of_two() {
        assert_eq!(requests(100, 2_251, 10), 101);
        assert_eq!(requests(100, 2_250 + 1_125, 10), 150);
        assert_eq!(requests(100, 2_250 + 1_126, 10), 200);
        assert_eq!(requests(200, 2_300, 10), 205);
    }

    proptest! {
        #[test]
        fn nothing_is_over_the_budget_and_no_rectangle_is_better(
            products in 1_u64..400, buckets in 1_u64..3_000, columns in 1_u64..31,
        ) {
            let most = 22_500 / columns;
            let fit = fit(products, buckets, most);
            prop_assert!(fit.products * fit.buckets * columns <= 22_500);
            prop_assert!(fit.products >= 1 && fit.products <= MAX_PRODUCTS && fit.buckets >= 1);
            for other in 1..=products.min(MAX_PRODUCTS) {
                let other = Fit { products: other, buckets: most / other };
                prop_assert!(fit.requests(products, buckets) <= other.requests(products, buckets));
            }
        }
    }
}
