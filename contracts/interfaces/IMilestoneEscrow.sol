// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Amendment, Approval, Authorization, Division, MilestoneView, Status, Terms} from "../types/EscrowTypes.sol";

/// @title IMilestoneEscrow
/// @notice Payment protection for milestones. A client funds them, a freelancer claims what is approved or what a
/// silent client let lapse, an arbiter rules on what the two cannot settle. The contract has no owner, no fee of its
/// own and no way to be paused or changed.
///
/// Terms travel as calldata with every call and are checked by their hash, the agreement's id. Milestones are numbered
/// from zero; a set of them is a `uint64` in which bit i stands for milestone i. Amounts are token base units, times
/// Unix seconds. A clock runs out at the exact second `since + period`: the awaited party is late from then on. The
/// usual ways are below; docs/trust.md has every one.
///
///     fund --> Offered --accept--> Active --submit--> Submitted --approve, or silence: release--> Paid, Refunded, Split
///                 |                  |  \                | requestChanges: back to Active
///              refund          requestRefund \           |
///                 |                  |        `-- dispute --> Disputed --rule, settle, or lapse--> Paid, Refunded, Split
///              Refunded <--silence-- RefundRequested
///
/// Shares are counted in units: the terms' `units` where the work is metered, 10,000ths of a fixed price. Values round
/// down and the odd base unit is the client's, but that of what a client concedes in a dispute stays disputed.
///
/// Money goes out by push. A recipient that cannot take it holds up nobody: the amount is credited to them for
/// {withdraw}. Every function that pays out, but {withdraw}, may therefore also emit {PayoutCredited}, and reverts with
/// {GasTooLow} where a push failed, or the coin went to a recipient with code, and the caller brought less gas than
/// such a push must be given. In a token, a push that follows a credit of the same act asks for none.
interface IMilestoneEscrow {
    // Events. They tell what happened; who called is told by the transaction, but for {MilestoneDisputed}. A settlement
    // and an amendment in one batch log the same as one amendment of both, with the same money in the end.

    /// Milestones were funded: as Active where `isAccepted`, else as Offered. Carries the whole deal.
    event MilestonesFunded(
        bytes32 indexed agreement,
        address indexed client,
        address indexed freelancer,
        uint64 milestones,
        uint256 amount,
        bool isAccepted,
        Terms terms
    );
    /// The freelancer accepted offered milestones.
    event MilestonesAccepted(bytes32 indexed agreement, uint64 milestones);
    /// The freelancer claims `units`; the review clock runs, and an offer is accepted by it. Before a
    /// {MilestonesReleased} of the same milestone in one call: the claim is an approval of a part that the freelancer
    /// carried, and ends at once.
    event MilestoneSubmitted(bytes32 indexed agreement, uint8 indexed milestone, uint16 units, bytes32 deliverable);
    /// The client sent a submission back; its claim and clock are gone.
    event ChangesRequested(bytes32 indexed agreement, uint8 indexed milestone, bytes32 reason);
    /// The client approved what is claimed, of each milestone all of its amount (Approved) or less (PartlyApproved);
    /// anybody may release it.
    event MilestonesApproved(bytes32 indexed agreement, uint64 milestones);
    /// Milestones ended as claimed. The amounts are sums over all of them.
    event MilestonesReleased(bytes32 indexed agreement, uint64 milestones, uint256 toFreelancer, uint256 toClient);
    /// The client asks for the money back; the response clock runs.
    event RefundRequested(bytes32 indexed agreement, uint8 indexed milestone, bytes32 reason);
    /// What was open of these milestones went back to the client.
    event MilestonesRefunded(bytes32 indexed agreement, uint64 milestones, uint256 toClient);
    /// `by` disputes `units`; the ruling clock runs. What they do not dispute is paid at once, in these amounts.
    event MilestoneDisputed(
        bytes32 indexed agreement,
        uint8 indexed milestone,
        address indexed by,
        uint16 units,
        bytes32 evidence,
        uint256 toFreelancer,
        uint256 toClient
    );
    /// The arbiter divided what was disputed, less the agreed fee.
    event MilestoneRuled(
        bytes32 indexed agreement,
        uint8 indexed milestone,
        uint256 toFreelancer,
        uint256 toClient,
        uint256 fee,
        bytes32 reasoning
    );
    /// The arbiter was silent; what was disputed was divided by the terms' default.
    event MilestoneLapsed(bytes32 indexed agreement, uint8 indexed milestone, uint256 toFreelancer, uint256 toClient);
    /// Both parties agreed how to divide what was open. Before an {AgreementAmended} in one call, `toClient` goes to the
    /// new agreement first.
    event MilestoneSettled(bytes32 indexed agreement, uint8 indexed milestone, uint256 toFreelancer, uint256 toClient);
    /// Both parties replaced the agreement for what they settled and funded in this transaction.
    event AgreementAmended(bytes32 indexed agreement, bytes32 indexed replacement);
    /// A payout could not be delivered and waits for {withdraw}. A zero token is the chain's coin.
    event PayoutCredited(bytes32 indexed agreement, address indexed owner, address token, uint256 amount);
    /// A credit was paid out.
    event CreditWithdrawn(address indexed token, address indexed owner, address to, uint256 amount);

    // Errors: who calls

    /// Only the client may do this.
    error NotClient(address caller, address client);
    /// Only the freelancer may do this.
    error NotFreelancer(address caller, address freelancer);
    /// Only the arbiter may do this.
    error NotArbiter(address caller, address arbiter);
    /// Only the client or the freelancer may do this.
    error NotParty(address caller, address client, address freelancer);
    /// Only its owner may send a credit to another address.
    error NotCreditOwner(address caller, address owner);
    /// The signature is not one of `signer` over `digest`.
    error SignatureInvalid(address signer, bytes32 digest);

    // Errors: what stands

    /// No milestone of these terms was ever funded here; terms that differ in one byte have another id.
    error AgreementNotFunded(bytes32 agreement);
    /// The set of milestones is empty.
    error NoMilestones();
    /// The terms have only `count` milestones.
    error MilestoneOutOfRange(bytes32 agreement, uint256 milestone, uint256 count);
    /// The milestone's status does not allow this.
    error WrongStatus(bytes32 agreement, uint256 milestone, Status status);
    /// It is `timestamp`, and the time to do this ended at `deadline`.
    error DeadlinePassed(bytes32 agreement, uint256 milestone, uint256 deadline, uint256 timestamp);
    /// It is `timestamp`, and this is possible from `deadline` on.
    error DeadlineNotReached(bytes32 agreement, uint256 milestone, uint256 deadline, uint256 timestamp);
    /// The metered period of this milestone lasts until `periodEnd`.
    error PeriodNotOver(bytes32 agreement, uint256 milestone, uint256 periodEnd, uint256 timestamp);
    /// The signed settlement or amendment was valid until `expiresAt`.
    error OfferExpired(bytes32 agreement, uint256 expiresAt, uint256 timestamp);

    // Errors: what is asked

    /// Units must be between one and `max`.
    error UnitsOutOfRange(bytes32 agreement, uint256 milestone, uint256 units, uint256 max);
    /// There must be one number of units for each milestone of the set.
    error UnitsCountMismatch(bytes32 agreement, uint256 given, uint256 expected);
    /// Fewer units are approved than are claimed. Contesting the rest is a dispute.
    error ApprovalBelowClaim(bytes32 agreement, uint256 milestone, uint256 approved, uint256 claimed);
    /// After the fee, only `max` is there to be divided.
    error RulingTooHigh(bytes32 agreement, uint256 milestone, uint256 toFreelancer, uint256 max);
    /// The two amounts must add up to exactly what is open.
    error DivisionMismatch(bytes32 agreement, uint256 milestone, uint256 toFreelancer, uint256 toClient, uint256 open);
    /// The replacement must have the same client, freelancer and token.
    error AmendmentMismatch(bytes32 agreement, bytes32 replacement);

    // Errors: terms

    /// The client and the freelancer must be named.
    error PartyMissing(address client, address freelancer);
    /// Client, freelancer and arbiter must be three different addresses.
    error RolesNotDistinct(address client, address freelancer, address arbiter);
    /// This address cannot receive: it is zero or this contract, or, as a payee, the token or the arbiter.
    error RecipientInvalid(address recipient);
    /// There is no contract at the token's address.
    error TokenMissing(address token);
    /// There must be between one and `max` amounts.
    error MilestoneCountOutOfRange(uint256 count, uint256 max);
    /// Every amount must be between one and `max`.
    error AmountOutOfRange(uint256 milestone, uint256 amount, uint256 max);
    /// The arbiter's fee may be at most `maxBps`.
    error ArbiterFeeTooHigh(uint256 feeBps, uint256 maxBps);
    /// The default share may be at most `maxBps`.
    error DefaultShareTooHigh(uint256 bps, uint256 maxBps);
    /// The review period must be between `min` and `max` seconds.
    error ReviewPeriodOutOfRange(uint256 period, uint256 min, uint256 max);
    /// The response period must be between `min` and `max` seconds.
    error ResponsePeriodOutOfRange(uint256 period, uint256 min, uint256 max);
    /// The ruling period must be between `min` and `max` seconds.
    error RulingPeriodOutOfRange(uint256 period, uint256 min, uint256 max);
    /// The metering period must be between `min` and `max` seconds.
    error MeteringPeriodOutOfRange(uint256 period, uint256 min, uint256 max);
    /// Metering needs a start, 1 to 32,767 units and one amount; a fixed price needs none of start and units.
    error MeteringInvalid(uint256 start, uint256 units, uint256 amounts);

    // Errors: money

    /// The call brought `given` of the coin and needs exactly `required`.
    error ValueMismatch(uint256 given, uint256 required);
    /// The token did not deliver exactly `amount`.
    error TransferNotExact(address token, uint256 balanceBefore, uint256 balanceAfter, uint256 amount);
    /// A push failed, or the coin went to a recipient with code, and there was less gas before it than such a push must
    /// be given.
    error GasTooLow(uint256 gasLeft, uint256 required);
    /// There is no credit of this token for this owner.
    error NothingToWithdraw(address token, address owner);

    // Fund and accept

    /// @notice The client funds milestones: as accepted where the freelancer's signature comes along, else as an offer
    /// that the client can take back with {refund} until it is accepted. Emits {MilestonesFunded}.
    /// @dev Requirements, in this order:
    /// - the caller is the client ({NotClient});
    /// - `acceptance` is empty or the freelancer's signature of the terms ({SignatureInvalid});
    /// - `milestones` is not empty ({NoMilestones});
    /// - at the first funding, the terms keep every rule (the errors under "terms", in the order of {TermsLib});
    /// - none of the milestones was funded before ({WrongStatus} of the lowest that was), and each is one of the terms
    ///   ({MilestoneOutOfRange} of the highest that is not);
    /// - the coin sent is the exact sum, or none for a token ({ValueMismatch}), and the token delivers the exact sum
    ///   by the caller's allowance ({TransferNotExact}, or the token's own error).
    ///
    /// Warning: who funds without an arbiter lets every dispute end by `defaultBps` if neither settles nor concedes.
    /// Warning: the freelancer may dispute an accepted fixed price from the first day, and each metered milestone that
    /// the client asks back. A ruling takes the arbiter's fee of what is disputed, whoever is right. Fund little ahead.
    /// Warning, money is wrong with a token that changes balances by itself (rebasing) or can take back what it
    /// delivered; it harms agreements in that token only. Money is stuck for as long as a token is paused or refuses
    /// this contract.
    /// @param terms The whole deal.
    /// @param milestones Which milestones to fund, as a set.
    /// @param acceptance The freelancer's EIP-712 signature of `terms`, or empty. A contract that confirms an empty
    /// signature accepts by {accept}.
    function fund(Terms calldata terms, uint64 milestones, bytes calldata acceptance) external payable;

    /// @notice Anybody funds milestones with the client's ERC-3009 authorisation. Emits {MilestonesFunded}.
    /// @dev Requirements: as {fund}, except that the client's consent is the authorisation. The authorisation is one of
    /// `receiveWithAuthorization` from the client to this contract over the exact sum, with the nonce
    /// `keccak256(abi.encode(agreement, milestones))`, so it can fund nothing else. The coin cannot be funded so
    /// ({TokenMissing}). Whoever carries it decides whether `acceptance` comes along; without, it waits as an offer.
    ///
    /// Warning: the token judges the authorisation, so a token made to deceive can fund in anybody's name.
    /// @param terms The whole deal.
    /// @param milestones Which milestones to fund, as a set.
    /// @param acceptance The freelancer's EIP-712 signature of `terms`, or empty.
    /// @param authorization The client's authorisation.
    function fundWithAuthorization(
        Terms calldata terms,
        uint64 milestones,
        bytes calldata acceptance,
        Authorization calldata authorization
    ) external;

    /// @notice Uses the caller's ERC-2612 permit as this contract's allowance, for {multicall} with {fund}.
    /// @dev Does nothing where the token refuses the permit, so that one which somebody else sent first stops nobody.
    /// Fails without a reason where there is no code at `token`.
    /// @param token The ERC-2612 token.
    /// @param value Token base units to allow.
    /// @param deadline Unix time until which the permit is valid.
    function permit(address token, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice The freelancer accepts offered milestones, or anybody carries their signature. Emits {MilestonesAccepted}.
    /// @dev Requirements, in this order: the agreement exists ({AgreementNotFunded}); the caller is the freelancer or
    /// brings their signature of the terms ({SignatureInvalid}); the set is not empty ({NoMilestones}); each milestone
    /// is one of the terms ({MilestoneOutOfRange}) and Offered ({WrongStatus}).
    /// @param terms The whole deal.
    /// @param milestones Which milestones to accept, as a set.
    /// @param acceptance The freelancer's EIP-712 signature of `terms`; not read when the freelancer calls.
    function accept(Terms calldata terms, uint64 milestones, bytes calldata acceptance) external;

    // Submit and answer

    /// @notice The freelancer submits work and claims `units` of it; the client has the review period to answer, and
    /// silence pays the claim. Accepts an offer. Emits {MilestoneSubmitted}.
    /// @dev Requirements, in this order: the agreement exists ({AgreementNotFunded}); the caller is the freelancer
    /// ({NotFreelancer}); the milestone is one of the terms ({MilestoneOutOfRange}); it is Offered or Active
    /// ({WrongStatus}) and, where metered, its period is over ({PeriodNotOver}), or it is RefundRequested and not late
    /// ({DeadlinePassed}), in which case the claim need not wait for the period; `units` is between one and the whole
    /// ({UnitsOutOfRange}).
    ///
    /// Warning: a claim of less than the whole gives up the rest, which returns to the client when the claim is paid.
    /// The client's request for changes takes the claim away; the freelancer's own {dispute} can lower it, and ends the
    /// review. Nothing else changes it.
    /// Warning: a claim above a signed approval sets it aside; and what is claimed, a client and an arbiter together
    /// can dispute and rule away, approved by signature or not. Carry a signed approval before you submit, or instead.
    /// @param terms The whole deal.
    /// @param milestone Index of the milestone.
    /// @param units Units claimed: 10,000 is the whole of a fixed price.
    /// @param deliverable Hash of what is delivered, or of the week's work diary.
    function submit(Terms calldata terms, uint8 milestone, uint16 units, bytes32 deliverable) external;

    /// @notice The client sends a submission back; it becomes Active, without claim or clock. Emits {ChangesRequested}.
    /// @dev Requirements, in this order: the agreement exists ({AgreementNotFunded}); the caller is the client
    /// ({NotClient}); the milestone is one of the terms ({MilestoneOutOfRange}), Submitted ({WrongStatus}) and not late
    /// ({DeadlinePassed}), and, where metered, its period is over ({PeriodNotOver}): a claim that a refund request
    /// opened early is not sent back.
    /// @param terms The whole deal.
    /// @param milestone Index of the milestone.
    /// @param reason Hash of what should change.
    function requestChanges(Terms calldata terms, uint8 milestone, bytes32 reason) external;

    /// @notice The client asks for the money of an unsubmitted milestone back; the freelancer has the response period to
    /// submit or dispute, and silence refunds it in full. Emits {RefundRequested}.
    /// @dev Requirements, in this order: the agreement exists ({AgreementNotFunded}); the caller is the client
    /// ({NotClient}); the milestone is one of the terms ({MilestoneOutOfRange}) and Active ({WrongStatus}).
    ///
    /// Warning: delivered work can be asked back too, sent back by {requestChanges} in the same transaction. A
    /// freelancer who has delivered must answer all the same.
    /// Warning: a metered milestone is open to a claim or a dispute of all of it from then on, its period over or not.
    /// @param terms The whole deal.
    /// @param milestone Index of the milestone.
    /// @param reason Hash of the reason.
    function requestRefund(Terms calldata terms, uint8 milestone, bytes32 reason) external;

    // Approve and release

    /// @notice The client approves what is claimed, or the whole of what was not submitted. Anybody may then {release}
    /// it. Concedes a dispute. A milestone becomes Approved where all of its amount is open and claimed, else
    /// PartlyApproved. Emits {MilestonesApproved}.
    /// @dev Requirements, in this order: the agreement exists ({AgreementNotFunded}); the caller is the client
    /// ({NotClient}); the set is not empty ({NoMilestones}); `units` has one number for each milestone, or, for a fixed
    /// price, none at all ({UnitsCountMismatch}); each milestone is one of the terms ({MilestoneOutOfRange}); it is
    /// Submitted or Disputed, or, for a fixed price, Active or RefundRequested ({WrongStatus}); the units cover the claim
    /// ({ApprovalBelowClaim}).
    ///
    /// Warning: without `units`, an approval covers whatever is claimed at the time it is mined.
    /// @param terms The whole deal.
    /// @param milestones Which milestones to approve, as a set.
    /// @param units The most to approve of each, lowest milestone first. More than is claimed approves the claim.
    function approve(Terms calldata terms, uint64 milestones, uint16[] calldata units) external;

    /// @notice Anybody pays out milestones that are approved, or whose client let the review period pass, or that an
    /// approval carried here covers: the claim to the payee, the rest to the client. Emits {MilestonesReleased}.
    /// @dev Requirements, in this order: the agreement exists ({AgreementNotFunded}); the set is not empty
    /// ({NoMilestones}). For each approval, needed or not: units as in {approve} ({UnitsCountMismatch}); the client's
    /// signature, unless the client calls ({SignatureInvalid}); for each of its milestones, units between one and the
    /// whole ({UnitsOutOfRange}). For each milestone, with its approval, those without one last:
    /// it is one of the terms ({MilestoneOutOfRange}); it is Approved, PartlyApproved, or Submitted and late, or
    /// - without an approval: {WrongStatus} where it is not Submitted, {DeadlineNotReached} where it is not late;
    /// - with one: Submitted or Disputed, the units covering the claim ({ApprovalBelowClaim}); or Active or
    ///   RefundRequested ({WrongStatus}), and then, where the approval is of less than the whole, the caller is the
    ///   freelancer ({NotFreelancer}), whose claim it becomes. Metered work needs no end of its period here.
    ///
    /// Warning: a signed approval is a promise. Once the milestone is accepted it needs no further act of the client,
    /// who alone cannot take it back. But a larger claim sets it aside, the milestone may end before it is carried, by
    /// an unanswered refund request or, once submitted, by a dispute, and a client with code confirms its signature
    /// only while it wants to (ERC-1271): carry it soon, and before you submit.
    /// Warning: an approval of a part, brought to a larger claim that is about to be due, pays the part if the client
    /// asks for changes first. Bring none to such a claim.
    /// @param terms The whole deal.
    /// @param milestones Which milestones to pay out, as a set.
    /// @param approvals Approvals that cover some of them; a milestone named twice uses the first.
    function release(Terms calldata terms, uint64 milestones, Approval[] calldata approvals) external;

    // Refund

    /// @notice Returns what is open of milestones to the client: the freelancer always may, the client takes back an
    /// offer, anybody carries out a refund request that went unanswered. Emits {MilestonesRefunded}.
    /// @dev Requirements, in this order: the agreement exists ({AgreementNotFunded}); the set is not empty
    /// ({NoMilestones}); each milestone is one of the terms ({MilestoneOutOfRange}), funded and not ended
    /// ({WrongStatus}); the caller is the freelancer, or the milestone is RefundRequested and late
    /// ({DeadlineNotReached}), or Offered and the caller is the client ({NotParty}); else {NotFreelancer}.
    /// @param terms The whole deal.
    /// @param milestones Which milestones to refund, as a set.
    function refund(Terms calldata terms, uint64 milestones) external;

    // Dispute, rule, lapse

    /// @notice A party puts `units` of a milestone before the arbiter and concedes the rest: the client pays the
    /// undisputed part of the claim, the freelancer gives up all but `units`. What is conceded and what is not claimed is
    /// paid at once. Emits {MilestoneDisputed}.
    /// @dev Requirements, in this order: the agreement exists ({AgreementNotFunded}); the caller is a party ({NotParty});
    /// the milestone is one of the terms ({MilestoneOutOfRange}); it is Submitted, or for the freelancer also
    /// RefundRequested, and not late ({DeadlinePassed}), or for the freelancer Active, metered work once its period is
    /// over ({PeriodNotOver}), else {WrongStatus}; `units` is between one and the claim, which is the whole where nothing
    /// was submitted ({UnitsOutOfRange}).
    ///
    /// Warning: the client concedes whatever is claimed beyond `units` when the call is mined.
    /// Warning: a ruling takes the arbiter's fee of what is disputed, whoever is right.
    /// Warning: without an arbiter this starts the time to settle in; then `defaultBps` divides what is disputed.
    /// @param terms The whole deal.
    /// @param milestone Index of the milestone.
    /// @param units Units disputed.
    /// @param evidence Hash of the evidence.
    function dispute(Terms calldata terms, uint8 milestone, uint16 units, bytes32 evidence) external;

    /// @notice The arbiter divides what is disputed, less the agreed fee, between the two parties. Emits {MilestoneRuled}.
    /// @dev Requirements, in this order: the agreement exists ({AgreementNotFunded}); the caller is the arbiter
    /// ({NotArbiter}); the milestone is one of the terms ({MilestoneOutOfRange}), Disputed ({WrongStatus}) and not late
    /// ({DeadlinePassed}); `toFreelancer` is no more than what the fee leaves ({RulingTooHigh}).
    /// @param terms The whole deal.
    /// @param milestone Index of the milestone.
    /// @param toFreelancer Token base units to the payee; the client receives the rest.
    /// @param reasoning Hash of the reasoning.
    function rule(Terms calldata terms, uint8 milestone, uint256 toFreelancer, bytes32 reasoning) external;

    /// @notice Anybody divides what is disputed by `defaultBps`, once the arbiter is late. No fee. Emits {MilestoneLapsed}.
    /// @dev Requirements, in this order: the agreement exists ({AgreementNotFunded}); the milestone is one of the terms
    /// ({MilestoneOutOfRange}), Disputed ({WrongStatus}) and late ({DeadlineNotReached}).
    /// @param terms The whole deal.
    /// @param milestone Index of the milestone.
    function lapse(Terms calldata terms, uint8 milestone) external;

    // Settle and amend

    /// @notice One party carries out the other's signed offer to divide what is open. Emits {MilestoneSettled}.
    /// @dev Requirements, in this order: the agreement exists ({AgreementNotFunded}); the caller is a party ({NotParty});
    /// the offer has not expired ({OfferExpired}) and is signed by the other party ({SignatureInvalid}); the milestone
    /// is one of the terms ({MilestoneOutOfRange}); it is Active, Submitted, RefundRequested or Disputed ({WrongStatus}),
    /// late or not; the two amounts add up to exactly what is open ({DivisionMismatch}).
    ///
    /// Warning: an offer stays valid until it expires; a later offer does not take it back. The other party may carry
    /// it when a claim or a refund has become due, too: keep the expiry short.
    /// @param terms The whole deal.
    /// @param division The milestone and the two amounts.
    /// @param expiresAt Unix time from which the offer is no longer valid.
    /// @param offer The other party's EIP-712 signature of the settlement.
    function settle(Terms calldata terms, Division calldata division, uint40 expiresAt, bytes calldata offer) external;

    /// @notice The client replaces an agreement, with the freelancer's signature: ends open milestones as both agreed
    /// and funds milestones of the new terms, as accepted, all or nothing. What the client gets back is used for the new
    /// terms; only the difference is taken in or paid out. Emits {MilestoneSettled} for each division, then
    /// {AgreementAmended} and {MilestonesFunded}.
    /// @dev Requirements, in this order: the agreement exists ({AgreementNotFunded}); the caller is the client
    /// ({NotClient}); both terms have the same client, freelancer and token ({AmendmentMismatch}); the amendment has
    /// not expired ({OfferExpired}) and is signed by the freelancer ({SignatureInvalid}); each division as in {settle};
    /// the new terms and milestones as in {fund}; the coin sent is exactly what is missing, or none for a token
    /// ({ValueMismatch}), and the token delivers exactly what is missing ({TransferNotExact}, or the token's own
    /// error).
    ///
    /// Warning: until it expires, a signed amendment is the client's to carry or not, when it suits them: also after
    /// the work was delivered and its review has passed. Who signs one keeps the expiry short.
    /// @param terms The deal that stands.
    /// @param replacement The deal that replaces it.
    /// @param amendment What ends how, what is funded, until when, and the freelancer's signature of all that, of the
    /// agreement's id and of the replacement in full.
    function amend(Terms calldata terms, Terms calldata replacement, Amendment calldata amendment) external payable;

    // Credits

    /// @notice Pays out a credit: its owner to any address, anybody to the owner. Emits {CreditWithdrawn}.
    /// @dev Requirements, in this order: the caller or `to` is the owner ({NotCreditOwner}); `to` is neither zero nor
    /// this contract ({RecipientInvalid}); there is a credit ({NothingToWithdraw}); the recipient takes it (their own
    /// error).
    /// @param token ERC-20 token, or zero for the chain's coin.
    /// @param owner Whose credit.
    /// @param to Who receives it.
    function withdraw(address token, address owner, address to) external;

    /// @return Token base units credited to `owner`. A zero token is the chain's coin.
    function credits(address token, address owner) external view returns (uint256);

    // Views, of terms that could be funded. During a call out of this contract they show what is decided, money still
    // on its way included.

    /// @return The agreement's id: the EIP-712 digest of `terms` on this chain and contract, which the freelancer signs.
    /// Should the chain change its id, agreements keep theirs, and signatures follow the chain.
    function agreementId(Terms calldata terms) external view returns (bytes32);

    /// @return Sixty-four statuses of four bits, milestone 0 in the lowest; zero where nothing was ever funded.
    function statusesOf(bytes32 agreement) external view returns (uint256);

    /// @notice One milestone as it stands, judged at `timestamp`: what is open, until when somebody is awaited, and
    /// who receives what if nobody acts. Reverts with {MilestoneOutOfRange}.
    /// @dev Time alone changes the outlook of Submitted, RefundRequested and Disputed, by `isLate`. While Offered or
    /// Active nothing runs: `toClient` is what the client can take back, at once or by {requestRefund}.
    function milestoneAt(Terms calldata terms, uint8 milestone, uint40 timestamp)
        external
        view
        returns (MilestoneView memory);

    /// @return agreement The id of `terms`.
    /// @return milestones Every milestone as {milestoneAt} shows it.
    function agreementAt(Terms calldata terms, uint40 timestamp)
        external
        view
        returns (bytes32 agreement, MilestoneView[] memory milestones);
}
