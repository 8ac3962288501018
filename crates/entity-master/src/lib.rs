//! Which vendor ids mean one entity.
//!
//! Two curated files come in (`entities.csv`, `entity_source_ids.csv`), a [`Master`] that is
//! consistent in itself comes out, or every problem of both files at once. A [`Resolver`] over it
//! forgives what people and language models write: any case, vendor ids, tickers, names,
//! `BTC_binance-futures`.
//!
//! Pure: no file is opened, nothing is fetched, no entity is invented. Where a text fits several
//! entities the answer lists them instead of choosing one.

mod entity;
mod fold;
mod master;
mod reading;
mod resolver;
mod sector;

pub use entity::{AssetClass, Entity, EntityId, EntityType, SourceMapping, UnknownWord};
pub use master::Master;
pub use resolver::{Match, MatchedBy, Resolution, Resolver};
pub use tables::{CsvText, Problem, Problems};
