//! One block of a plan: claimed, and asked for unless that is done meanwhile.

use model::PullKind;
use source::{RequestSpec, Role};
use store::series::SeriesId;

use crate::{
    Error,
    collector::Collector,
    fetch::Failed,
    pull::{Halt, Pull},
    sink::series_of_block,
};

impl Collector {
    /// Runs one request of a plan, and what takes its place where the vendor refuses it as a whole.
    pub(crate) async fn run_block(
        &self,
        pull: &Pull<'_>,
        request: RequestSpec,
    ) -> Result<(), Error> {
        let mut queue = vec![request];
        while let Some(request) = queue.pop() {
            let ended = match self.stop.is_said() || pull.stop.is_said() {
                true => {
                    pull.halt(Halt::Stopping);
                    None
                }
                false => self.run_claimed(pull, &request).await?,
            };
            pull.note_ended(&request, &self.index(), ended.is_some());
            queue.extend(ended.unwrap_or_default());
        }
        Ok(())
    }

    /// Returns the requests to make instead, none where it is answered; `None` where it is not.
    async fn run_claimed(
        &self,
        pull: &Pull<'_>,
        request: &RequestSpec,
    ) -> Result<Option<Vec<RequestSpec>>, Error> {
        let key = request.claim_key();
        let taken = self.claims.take(key, &*self.clock, &pull.stop).await?;
        let Some(claim) = taken else {
            pull.halt(Halt::Stopping);
            return Ok(None);
        };
        let result = self.run_unless_settled(pull, request).await;
        self.claims.give_back(claim).await;
        result
    }

    /// Whether another process did the work while this one waited for the claim. A block that is settled
    /// in part is asked for as a whole: that is still one request.
    async fn is_done_meanwhile(
        &self,
        pull: &Pull<'_>,
        request: &RequestSpec,
    ) -> Result<bool, Error> {
        let asked = series_of_block(&request.block, &self.index());
        match (pull.kind, pull.dataset.role) {
            (PullKind::Backfill | PullKind::Gap, _) => {
                let wanted = self.clip_to_life(pull.dataset, asked);
                let now = self.clock.now();
                let open = self.planner().open(&wanted, pull.kind.into(), now).await?;
                Ok(open.is_empty())
            }
            // A tick reads its newest bars again although they are settled, but not those that another
            // process has read since the tick began. A snapshot costs one request for all.
            (PullKind::Live, Role::Series) => {
                let series: Vec<SeriesId> = asked.into_iter().map(|(id, _)| id).collect();
                let read = || self.store.is_just_read(pull.id, &series);
                Ok(self.outage.through(read).await?)
            }
            // Who reads again wants an answer of his own.
            _ => Ok(false),
        }
    }

    async fn run_unless_settled(
        &self,
        pull: &Pull<'_>,
        request: &RequestSpec,
    ) -> Result<Option<Vec<RequestSpec>>, Error> {
        let answered = Ok(Some(Vec::new()));
        // An asset without a chart may well stand in a snapshot.
        if pull.dataset.role == Role::Series && self.is_absent(request) {
            return answered;
        }
        if let Some(instead) = self.within_reach(pull, request)? {
            return Ok(Some(instead));
        }
        if self.is_done_meanwhile(pull, request).await? {
            return answered;
        }
        match self.fetch(pull, request).await {
            Ok(parsed) => {
                self.take_in(pull, parsed).await?;
                answered
            }
            Err(Failed::Halted(halt)) => {
                pull.halt(halt);
                Ok(None)
            }
            Err(Failed::Reply(error, reply)) => self.give_up(pull, request, error, reply).await,
            Err(Failed::Final(error)) => self.give_up(pull, request, error, None).await,
            Err(Failed::Broken(error)) => Err(error),
        }
    }
}
