//! One aggregator's side of the check of one report, for any one-round VDAF (draft-irtf-cfrg-vdaf, section 5.2): begin,
//! join the halves, finish. No state between reports, no I/O.

use crate::Refusal;
use prio::codec::{Encode, ParameterizedDecode};
use prio::vdaf::{Aggregator, VerifyTransition};

/// One of the aggregators of a VDAF.
#[derive(Debug, Clone)]
pub struct Party<V> {
    vdaf: V,
    number: usize,
    verify_key: [u8; 32],
    context: Vec<u8>,
}

/// A report that was opened and waits for the other half.
pub struct Begun<V: Aggregator<32, 16>> {
    /// What this party keeps.
    pub state: V::VerifyState,
    /// What it tells the other: its verifier share.
    pub share: Vec<u8>,
}

impl<V: Aggregator<32, 16, AggregationParam = ()>> Party<V> {
    /// Number `number` of the VDAF's aggregators. All have the same key and context; clients know the context alone.
    pub fn new(vdaf: V, number: usize, verify_key: [u8; 32], context: Vec<u8>) -> Self {
        Self {
            vdaf,
            number,
            verify_key,
            context,
        }
    }

    /// The VDAF.
    pub fn vdaf(&self) -> &V {
        &self.vdaf
    }

    /// Opens a report's shares. The same report begins the same way, however often.
    pub fn begin(&self, nonce: &[u8; 16], public_share: &[u8], input_share: &[u8]) -> Result<Begun<V>, Refusal> {
        let public = V::PublicShare::get_decoded_with_param(&self.vdaf, public_share).map_err(|_| Refusal::Share)?;
        let input = V::InputShare::get_decoded_with_param(&(&self.vdaf, self.number), input_share)
            .map_err(|_| Refusal::Share)?;
        let (state, share) = self
            .vdaf
            .verify_init(
                &self.verify_key,
                &self.context,
                self.number,
                &(),
                nonce,
                &public,
                &input,
            )
            .map_err(|_| Refusal::Share)?;
        let share = share.get_encoded().map_err(|_| Refusal::Share)?;
        Ok(Begun { state, share })
    }

    /// Puts the verifier shares of all aggregators together, in the order of their numbers: the message that tells each
    /// that the proof verifies.
    pub fn join(&self, state: &V::VerifyState, shares: &[&[u8]]) -> Result<Vec<u8>, Refusal> {
        let shares = shares
            .iter()
            .map(|share| V::VerifierShare::get_decoded_with_param(state, share))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| Refusal::Share)?;
        let message = self
            .vdaf
            .verifier_shares_to_message(&self.context, &(), shares)
            .map_err(|_| Refusal::Proof)?;
        message.get_encoded().map_err(|_| Refusal::Proof)
    }

    /// Takes that message, and has this party's share of what to count.
    pub fn finish(&self, state: V::VerifyState, message: &[u8]) -> Result<V::OutputShare, Refusal> {
        let message = V::VerifierMessage::get_decoded_with_param(&state, message).map_err(|_| Refusal::Share)?;
        match self.vdaf.verify_next(&self.context, state, message) {
            Ok(VerifyTransition::Finish(share)) => Ok(share),
            // Prio3 has one round.
            Ok(VerifyTransition::Continue(..)) | Err(_) => Err(Refusal::Proof),
        }
    }
}
