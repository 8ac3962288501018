//! Every entity and every vendor id, consistent in themselves.

use model::SourceId;
use tables::{CsvText, Problems};

use crate::{
    entity::{Entity, SourceMapping},
    reading,
    sector::Sectors,
};

/// Every entity and every curated vendor id, free of contradictions.
#[derive(Clone, Debug, Default)]
pub struct Master {
    entities: Vec<Entity>,
    source_ids: Vec<SourceMapping>,
    sectors: Sectors,
}

impl Master {
    /// Reads `entities.csv` and `entity_source_ids.csv`; `sources` are the vendors that may occur.
    ///
    /// # Errors
    /// Returns every problem of both files at once: unknown columns, broken lines, bad words,
    /// duplicate keys, ids that no entity has, parents in a circle.
    pub fn parse(
        entities: CsvText<'_>,
        source_ids: CsvText<'_>,
        sources: &[SourceId],
    ) -> Result<Self, Problems> {
        let (entities, source_ids) = reading::read(&entities, &source_ids, sources)?;
        Ok(Self::from_rows(entities, source_ids))
    }

    /// Takes rows that were checked before: readers have them from the tables that a checked
    /// master was written to. A sector spelled in two ways gets its first spelling everywhere.
    pub fn from_rows(mut entities: Vec<Entity>, source_ids: Vec<SourceMapping>) -> Self {
        let mut sectors = Sectors::default();
        for sector in entities
            .iter_mut()
            .filter_map(|entity| entity.sector.as_mut())
        {
            *sector = match sectors.learn(sector) {
                Ok(spelling) | Err(spelling) => spelling,
            };
        }
        Self {
            entities,
            source_ids,
            sectors,
        }
    }

    /// Returns the entities in the order of the file.
    pub fn entities(&self) -> &[Entity] {
        &self.entities
    }

    /// Returns the vendor ids in the order of the file.
    pub fn source_ids(&self) -> &[SourceMapping] {
        &self.source_ids
    }

    pub(crate) fn sectors(&self) -> &Sectors {
        &self.sectors
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{AssetClass, EntityId, EntityType};

    fn entity(id: &str, sector: Option<&str>) -> Entity {
        Entity {
            id: EntityId::new(id),
            name: id.to_owned(),
            symbol: None,
            kind: EntityType::Chain,
            asset_class: AssetClass::Crypto,
            sector: sector.map(Into::into),
            parent: None,
        }
    }

    #[test]
    fn rows_keep_their_order_and_a_sector_has_one_spelling() {
        let mapping = SourceMapping {
            source: SourceId::new("velo"),
            source_id: "ETH".to_owned(),
            entity: EntityId::new("ethereum"),
            factor: 1.0,
        };
        let entities = vec![
            entity("ethereum", Some("layer-1")),
            entity("dust", None),
            entity("cosmos", Some("Layer_1")),
        ];
        let master = Master::from_rows(entities, vec![mapping.clone()]);
        let sectors: Vec<(&str, Option<&str>)> = master
            .entities()
            .iter()
            .map(|entity| (entity.id.as_str(), entity.sector.as_deref()))
            .collect();
        assert_eq!(
            sectors,
            [
                ("ethereum", Some("layer-1")),
                ("dust", None),
                ("cosmos", Some("layer-1"))
            ]
        );
        assert_eq!(master.sectors().all(), ["layer-1"]);
        assert_eq!(master.sectors().find("L1"), Some("layer-1"));
        assert_eq!(master.source_ids(), [mapping]);
    }
}
