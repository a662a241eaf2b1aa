// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Payouts} from "./Payouts.sol";
import {IMilestoneEscrow} from "./interfaces/IMilestoneEscrow.sol";
import {Consents} from "./libraries/Consents.sol";
import {Packing} from "./libraries/Packing.sol";
import {Milestone, Shares} from "./libraries/Shares.sol";
import {TermsLib} from "./libraries/TermsLib.sol";
import {
    Amendment,
    Approval,
    Authorization,
    Clock,
    Division,
    MilestoneView,
    Status,
    Terms
} from "./types/EscrowTypes.sol";

/// @title MilestoneEscrow
/// @notice Holds money for milestones until they are approved, refunded, ruled on, or decided by a clock that both
/// parties signed. Nobody owns it. The manual is {IMilestoneEscrow}.
contract MilestoneEscrow is Payouts, EIP712, Multicall {
    using Packing for uint64;
    using Packing for uint256;
    using Shares for Milestone;
    using TermsLib for Terms;

    /// Everything stored of an agreement.
    struct Progress {
        /// Slot 1: sixty-four statuses of four bits.
        uint256 statuses;
        /// Slots 2 to 17: four clocks each, written only where a clock has run. What stands there counts while the
        /// status is one in which it does, and is written anew before it counts again.
        uint256[16] clocks;
    }

    /// The domain of ids. Unlike the domain of signatures it stays the same if the chain changes its id, so that money
    /// stays within reach.
    bytes32 private immutable _HOME;

    mapping(bytes32 agreement => Progress) internal _progress;

    constructor() EIP712("Milepost", "1") {
        _HOME = _domainSeparatorV4();
    }

    // Fund and accept

    /// @inheritdoc IMilestoneEscrow
    function fund(Terms calldata terms, uint64 milestones, bytes calldata acceptance) external payable nonReentrant {
        if (msg.sender != terms.client) revert NotClient(msg.sender, terms.client);

        (, uint256 amount) = _fund(terms, milestones, acceptance);

        _pull(terms.token, amount);
    }

    /// @inheritdoc IMilestoneEscrow
    function fundWithAuthorization(
        Terms calldata terms,
        uint64 milestones,
        bytes calldata acceptance,
        Authorization calldata authorization
    ) external nonReentrant {
        if (terms.token == address(0)) revert TokenMissing(terms.token);

        (bytes32 agreement, uint256 amount) = _fund(terms, milestones, acceptance);

        uint256 balanceBefore = IERC20(terms.token).balanceOf(address(this));
        IERC3009(terms.token)
            .receiveWithAuthorization(
                terms.client,
                address(this),
                amount,
                authorization.validAfter,
                authorization.validBefore,
                keccak256(abi.encode(agreement, milestones)),
                authorization.v,
                authorization.r,
                authorization.s
            );
        _requireReceived(terms.token, balanceBefore, amount);
    }

    /// @inheritdoc IMilestoneEscrow
    function permit(address token, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        nonReentrant
    {
        // A permit that somebody else sent first has done its work; the pull that follows is the check.
        try IERC20Permit(token).permit(msg.sender, address(this), value, deadline, v, r, s) {} catch {}
    }

    /// @dev Funds as an offer, or as accepted where the freelancer's signature of the terms comes along.
    function _fund(Terms calldata terms, uint64 milestones, bytes calldata acceptance)
        private
        returns (bytes32 agreement, uint256 amount)
    {
        bytes32 termsHash = terms.hash(0);
        agreement = _idOf(termsHash);
        bool isAccepted = acceptance.length != 0;
        if (isAccepted) _requireSignature(terms.freelancer, _hashTypedDataV4(termsHash), acceptance);
        amount = _open(terms, agreement, milestones, isAccepted);
    }

    /// @dev Records `milestones` as funded. Returns their sum in token base units, which the caller must take in.
    function _open(Terms calldata terms, bytes32 agreement, uint64 milestones, bool isAccepted)
        private
        returns (uint256 amount)
    {
        _requireSome(milestones);
        Progress storage progress = _progress[agreement];
        uint256 statuses = progress.statuses;
        uint256 ones = milestones.spread();
        if (statuses == 0) terms.validate();
        else _requireAll(terms, agreement, statuses, ones, Status.None);
        amount = terms.sumOf(agreement, milestones);

        progress.statuses = statuses.withAll(ones, isAccepted ? Status.Active : Status.Offered);
        emit MilestonesFunded(agreement, terms.client, terms.freelancer, milestones, amount, isAccepted, terms);
    }

    /// @inheritdoc IMilestoneEscrow
    function accept(Terms calldata terms, uint64 milestones, bytes calldata acceptance) external nonReentrant {
        (bytes32 agreement, uint256 statuses) = _funded(terms);
        if (msg.sender != terms.freelancer) {
            _requireSignature(terms.freelancer, _hashTypedDataV4(terms.hash(0)), acceptance);
        }
        _requireSome(milestones);

        uint256 ones = milestones.spread();
        _requireAll(terms, agreement, statuses, ones, Status.Offered);

        _progress[agreement].statuses = statuses.withAll(ones, Status.Active);
        emit MilestonesAccepted(agreement, milestones);
    }

    // Submit and answer

    /// @inheritdoc IMilestoneEscrow
    function submit(Terms calldata terms, uint8 milestone, uint16 units, bytes32 deliverable) external nonReentrant {
        (bytes32 agreement, uint256 statuses) = _funded(terms);
        if (msg.sender != terms.freelancer) revert NotFreelancer(msg.sender, terms.freelancer);
        Status status = _statusOf(terms, agreement, statuses, milestone);
        // Work on an offer accepts it.
        if (status == Status.Offered) status = Status.Active;
        _requireClaimable(terms, agreement, milestone, status);
        uint256 whole = terms.whole();
        if (units == 0 || units > whole) revert UnitsOutOfRange(agreement, milestone, units, whole);

        _setClock(agreement, milestone, block.timestamp, units, 0);
        _setStatus(agreement, statuses, milestone, Status.Submitted);
        emit MilestoneSubmitted(agreement, milestone, units, deliverable);
    }

    /// @inheritdoc IMilestoneEscrow
    function requestChanges(Terms calldata terms, uint8 milestone, bytes32 reason) external nonReentrant {
        (bytes32 agreement, uint256 statuses) = _funded(terms);
        if (msg.sender != terms.client) revert NotClient(msg.sender, terms.client);
        Status status = _statusOf(terms, agreement, statuses, milestone);
        _requireStatus(agreement, milestone, status, Status.Submitted);
        _requireInTime(terms, agreement, milestone, status, _clockOf(agreement, milestone));
        // A claim that a refund request opened early: sent back, it would be closed until the period is over.
        _requirePeriodOver(terms, agreement, milestone);

        _setStatus(agreement, statuses, milestone, Status.Active);
        emit ChangesRequested(agreement, milestone, reason);
    }

    /// @inheritdoc IMilestoneEscrow
    function requestRefund(Terms calldata terms, uint8 milestone, bytes32 reason) external nonReentrant {
        (bytes32 agreement, uint256 statuses) = _funded(terms);
        if (msg.sender != terms.client) revert NotClient(msg.sender, terms.client);
        Status status = _statusOf(terms, agreement, statuses, milestone);
        _requireStatus(agreement, milestone, status, Status.Active);

        _setClock(agreement, milestone, block.timestamp, 0, 0);
        _setStatus(agreement, statuses, milestone, Status.RefundRequested);
        emit RefundRequested(agreement, milestone, reason);
    }

    // Approve and release

    /// @inheritdoc IMilestoneEscrow
    function approve(Terms calldata terms, uint64 milestones, uint16[] calldata units) external nonReentrant {
        (bytes32 agreement, uint256 statuses) = _funded(terms);
        if (msg.sender != terms.client) revert NotClient(msg.sender, terms.client);
        _requireSome(milestones);
        _requireUnits(terms, agreement, milestones, units);

        // Of a fixed price that nobody has claimed yet, all at once.
        uint256 ones = milestones.spread();
        if (units.length == 0 && statuses.otherThan(ones, Status.Active) == 0) {
            statuses = statuses.withAll(ones, Status.Approved);
        } else {
            uint256 k = 0;
            uint256 i = 0;
            for (uint256 rest = milestones; rest != 0; rest >>= 1) {
                if (rest & 1 == 1) {
                    uint256 approved = units.length == 0 ? terms.whole() : units[k++];
                    statuses = statuses.withStatus(i, _approve(terms, agreement, statuses, i, approved));
                }
                ++i;
            }
        }

        _progress[agreement].statuses = statuses;
        emit MilestonesApproved(agreement, milestones);
    }

    /// @return The status of milestone `i` once its client has approved `approvedUnits` of it.
    function _approve(Terms calldata terms, bytes32 agreement, uint256 statuses, uint256 i, uint256 approvedUnits)
        private
        view
        returns (Status)
    {
        Milestone memory m = _load(terms, agreement, statuses, i);
        bool hasClaim = m.status == Status.Submitted || m.status == Status.Disputed;
        bool isUnsubmitted = m.status == Status.Active || m.status == Status.RefundRequested;
        if (!hasClaim && (!isUnsubmitted || terms.isMetered())) revert WrongStatus(agreement, i, m.status);
        _requireCovered(agreement, i, m, approvedUnits);
        return m.claimOnOpen() == m.amount ? Status.Approved : Status.PartlyApproved;
    }

    /// What a release adds up before it writes and pays.
    struct Tally {
        uint256 statuses;
        uint256 toFreelancer;
        uint256 toClient;
    }

    /// @inheritdoc IMilestoneEscrow
    function release(Terms calldata terms, uint64 milestones, Approval[] calldata approvals) external nonReentrant {
        (bytes32 agreement, uint256 statuses) = _funded(terms);
        Tally memory tally = Tally({statuses: statuses, toFreelancer: 0, toClient: 0});
        _requireSome(milestones);

        uint64 rest = milestones;
        for (uint256 k = 0; k < approvals.length; ++k) {
            rest = _releaseApproved(terms, agreement, rest, approvals[k], tally);
        }
        if (rest != 0 && !_tryReleaseAll(terms, agreement, rest, Status.Approved, tally)) {
            uint256 i = 0;
            for (uint256 due = rest; due != 0; due >>= 1) {
                if (due & 1 == 1) _releaseOne(terms, agreement, i, 0, tally);
                ++i;
            }
        }

        _progress[agreement].statuses = tally.statuses;
        emit MilestonesReleased(agreement, milestones, tally.toFreelancer, tally.toClient);

        _payParties(terms, agreement, tally.toFreelancer, tally.toClient);
    }

    /// @dev Releases those of `rest` that `approval` names. Returns the others.
    function _releaseApproved(
        Terms calldata terms,
        bytes32 agreement,
        uint64 rest,
        Approval calldata approval,
        Tally memory tally
    ) private returns (uint64) {
        uint64 milestones = approval.milestones;
        uint16[] calldata units = approval.units;
        _requireUnits(terms, agreement, milestones, units);
        if (msg.sender != terms.client) {
            bytes32 digest = _hashTypedDataV4(Consents.hash(approval, agreement));
            _requireSignature(terms.client, digest, approval.signature);
        }
        // Nobody has claimed any of them yet.
        if (units.length == 0 && _tryReleaseAll(terms, agreement, rest & milestones, Status.Active, tally)) {
            return rest & ~milestones;
        }

        uint256 whole = terms.whole();
        uint256 k = 0;
        uint256 i = 0;
        for (uint256 named = milestones; named != 0; named >>= 1) {
            if (named & 1 == 1) {
                uint256 approved = units.length == 0 ? whole : units[k++];
                if (approved == 0 || approved > whole) revert UnitsOutOfRange(agreement, i, approved, whole);
                if ((rest >> i) & 1 == 1) _releaseOne(terms, agreement, i, approved, tally);
            }
            ++i;
        }
        return rest & ~milestones;
    }

    /// @dev Ends all of `milestones` together where they are at `status`, in which the whole is open and the freelancer's.
    function _tryReleaseAll(
        Terms calldata terms,
        bytes32 agreement,
        uint64 milestones,
        Status status,
        Tally memory tally
    ) private pure returns (bool) {
        uint256 ones = milestones.spread();
        if (tally.statuses.otherThan(ones, status) != 0) return false;
        tally.toFreelancer += terms.sumOf(agreement, milestones);
        tally.statuses = tally.statuses.withAll(ones, Status.Paid);
        return true;
    }

    /// @dev Ends milestone `i`, whose client approves `approvedUnits` of it; zero where no approval came along.
    function _releaseOne(Terms calldata terms, bytes32 agreement, uint256 i, uint256 approvedUnits, Tally memory tally)
        private
    {
        Milestone memory m = _load(terms, agreement, tally.statuses, i);
        bool isDue = m.status == Status.Approved || m.status == Status.PartlyApproved
            || (m.status == Status.Submitted && _isLate(terms, m.status, m.clock, block.timestamp));
        if (!isDue) {
            if (approvedUnits == 0) {
                _requireStatus(agreement, i, m.status, Status.Submitted);
                _requireLate(terms, agreement, i, m.status, m.clock);
            }
            if (m.status == Status.Submitted || m.status == Status.Disputed) {
                _requireCovered(agreement, i, m, approvedUnits);
            } else {
                _claimApproved(terms, agreement, i, approvedUnits, m);
            }
        }

        uint256 toFreelancer = m.claimOnOpen();
        tally.toFreelancer += toFreelancer;
        tally.toClient += m.open() - toFreelancer;
        tally.statuses = tally.statuses.withStatus(i, m.end(toFreelancer, 0));
    }

    /// @dev An approval of less than the whole, where nothing has been submitted, becomes the claim. Only the
    /// freelancer can make it so: in other hands it would end the milestone for less than they may be owed.
    function _claimApproved(
        Terms calldata terms,
        bytes32 agreement,
        uint256 i,
        uint256 approvedUnits,
        Milestone memory m
    ) private {
        if (m.status != Status.Active && m.status != Status.RefundRequested) {
            revert WrongStatus(agreement, i, m.status);
        }
        if (approvedUnits == m.whole) return;
        if (msg.sender != terms.freelancer) revert NotFreelancer(msg.sender, terms.freelancer);

        m.clock = uint256(0).withClock(0, 0, approvedUnits, 0);
        emit MilestoneSubmitted(agreement, uint8(i), uint16(approvedUnits), 0);
    }

    // Refund

    /// @inheritdoc IMilestoneEscrow
    function refund(Terms calldata terms, uint64 milestones) external nonReentrant {
        (bytes32 agreement, uint256 statuses) = _funded(terms);
        _requireSome(milestones);

        uint256 toClient = 0;
        for (uint256 i = 0; milestones >> i != 0; ++i) {
            if ((milestones >> i) & 1 == 0) continue;
            Milestone memory m = _load(terms, agreement, statuses, i);
            _requireRefundable(terms, agreement, i, m);
            toClient += m.open();
            statuses = statuses.withStatus(i, m.end(0, 0));
        }

        _progress[agreement].statuses = statuses;
        emit MilestonesRefunded(agreement, milestones, toClient);

        _push(agreement, terms.token, terms.client, toClient, false);
    }

    /// @dev The freelancer always may; the client takes back an offer; anybody carries out a request that nobody answered.
    function _requireRefundable(Terms calldata terms, bytes32 agreement, uint256 i, Milestone memory m) private view {
        if (m.status == Status.None || m.status >= Status.Paid) revert WrongStatus(agreement, i, m.status);
        if (msg.sender == terms.freelancer) return;
        if (m.status == Status.RefundRequested) _requireLate(terms, agreement, i, m.status, m.clock);
        else if (m.status == Status.Offered) _requireParty(terms);
        else revert NotFreelancer(msg.sender, terms.freelancer);
    }

    // Dispute, rule, lapse

    /// @inheritdoc IMilestoneEscrow
    function dispute(Terms calldata terms, uint8 milestone, uint16 units, bytes32 evidence) external nonReentrant {
        (bytes32 agreement, uint256 statuses) = _funded(terms);
        _requireParty(terms);
        Milestone memory m = _load(terms, agreement, statuses, milestone);
        // The client contests a claim. Where there is none yet they ask for the money back; a claim of the whole in the
        // freelancer's name would outgrow an approval that the client has signed.
        if (msg.sender == terms.client || m.status == Status.Submitted) {
            _requireStatus(agreement, milestone, m.status, Status.Submitted);
            _requireInTime(terms, agreement, milestone, m.status, m.clock);
        } else {
            _requireClaimable(terms, agreement, milestone, m.status);
        }
        if (units == 0 || units > m.claimed()) revert UnitsOutOfRange(agreement, milestone, units, m.claimed());

        // The freelancer gives up what they claimed beyond `units`; the client pays it.
        uint256 claimed = msg.sender == terms.freelancer ? units : m.claimed();
        uint256 toFreelancer = m.valueOf(claimed - units);
        uint256 toClient = m.amount - m.valueOf(claimed);
        _setClock(agreement, milestone, block.timestamp, claimed, units);
        _setStatus(agreement, statuses, milestone, Status.Disputed);
        emit MilestoneDisputed(agreement, milestone, msg.sender, units, evidence, toFreelancer, toClient);

        _payParties(terms, agreement, toFreelancer, toClient);
    }

    /// @inheritdoc IMilestoneEscrow
    function rule(Terms calldata terms, uint8 milestone, uint256 toFreelancer, bytes32 reasoning)
        external
        nonReentrant
    {
        (bytes32 agreement, uint256 statuses) = _funded(terms);
        if (msg.sender != terms.arbiter) revert NotArbiter(msg.sender, terms.arbiter);
        Milestone memory m = _load(terms, agreement, statuses, milestone);
        _requireStatus(agreement, milestone, m.status, Status.Disputed);
        _requireInTime(terms, agreement, milestone, m.status, m.clock);
        uint256 fee = Shares.portion(m.open(), terms.arbiterFeeBps);
        uint256 divisible = m.open() - fee;
        if (toFreelancer > divisible) revert RulingTooHigh(agreement, milestone, toFreelancer, divisible);

        uint256 toClient = divisible - toFreelancer;
        _setStatus(agreement, statuses, milestone, m.end(toFreelancer, fee));
        emit MilestoneRuled(agreement, milestone, toFreelancer, toClient, fee, reasoning);

        bool hasCredited = _payParties(terms, agreement, toFreelancer, toClient);
        _push(agreement, terms.token, terms.arbiter, fee, hasCredited);
    }

    /// @inheritdoc IMilestoneEscrow
    function lapse(Terms calldata terms, uint8 milestone) external nonReentrant {
        (bytes32 agreement, uint256 statuses) = _funded(terms);
        Milestone memory m = _load(terms, agreement, statuses, milestone);
        _requireStatus(agreement, milestone, m.status, Status.Disputed);
        _requireLate(terms, agreement, milestone, m.status, m.clock);

        uint256 toFreelancer = Shares.portion(m.open(), terms.defaultBps);
        uint256 toClient = m.open() - toFreelancer;
        _setStatus(agreement, statuses, milestone, m.end(toFreelancer, 0));
        emit MilestoneLapsed(agreement, milestone, toFreelancer, toClient);

        _payParties(terms, agreement, toFreelancer, toClient);
    }

    // Settle and amend

    /// @inheritdoc IMilestoneEscrow
    function settle(Terms calldata terms, Division calldata division, uint40 expiresAt, bytes calldata offer)
        external
        nonReentrant
    {
        (bytes32 agreement,) = _funded(terms);
        _requireParty(terms);
        _requireUnexpired(agreement, expiresAt);
        address counterparty = msg.sender == terms.client ? terms.freelancer : terms.client;
        _requireSignature(counterparty, _hashTypedDataV4(Consents.hash(division, agreement, expiresAt)), offer);

        _divide(terms, agreement, division);

        _payParties(terms, agreement, division.toFreelancer, division.toClient);
    }

    /// @inheritdoc IMilestoneEscrow
    function amend(Terms calldata terms, Terms calldata replacement, Amendment calldata amendment)
        external
        payable
        nonReentrant
    {
        (bytes32 agreement,) = _funded(terms);
        if (msg.sender != terms.client) revert NotClient(msg.sender, terms.client);
        bytes32 replacementHash = replacement.hash(1);
        bytes32 replacementId = _idOf(replacementHash);
        if (
            replacement.client != terms.client || replacement.freelancer != terms.freelancer
                || replacement.token != terms.token
        ) revert AmendmentMismatch(agreement, replacementId);
        _requireUnexpired(agreement, amendment.expiresAt);
        bytes32 digest = _hashTypedDataV4(Consents.hash(amendment, agreement, replacementHash));
        _requireSignature(terms.freelancer, digest, amendment.signature);

        uint256 toFreelancer = 0;
        uint256 freed = 0;
        for (uint256 k = 0; k < amendment.divisions.length; ++k) {
            _divide(terms, agreement, amendment.divisions[k]);
            toFreelancer += amendment.divisions[k].toFreelancer;
            freed += amendment.divisions[k].toClient;
        }
        emit AgreementAmended(agreement, replacementId);
        uint256 needed = _open(replacement, replacementId, amendment.funded, true);

        _pull(terms.token, needed > freed ? needed - freed : 0);
        _payParties(terms, agreement, toFreelancer, freed > needed ? freed - needed : 0);
    }

    /// @dev Ends one milestone as both parties agreed. The caller pays.
    function _divide(Terms calldata terms, bytes32 agreement, Division calldata division) private {
        uint256 i = division.milestone;
        uint256 statuses = _progress[agreement].statuses;
        Milestone memory m = _load(terms, agreement, statuses, i);
        if (
            m.status != Status.Active && m.status != Status.Submitted && m.status != Status.RefundRequested
                && m.status != Status.Disputed
        ) revert WrongStatus(agreement, i, m.status);
        uint256 open = m.open();
        if (division.toFreelancer > open || division.toClient != open - division.toFreelancer) {
            revert DivisionMismatch(agreement, i, division.toFreelancer, division.toClient, open);
        }

        _setStatus(agreement, statuses, i, m.end(division.toFreelancer, 0));
        emit MilestoneSettled(agreement, division.milestone, division.toFreelancer, division.toClient);
    }

    // Views

    /// @inheritdoc IMilestoneEscrow
    function agreementId(Terms calldata terms) public view returns (bytes32) {
        return _idOf(terms.hash(0));
    }

    /// @inheritdoc IMilestoneEscrow
    function statusesOf(bytes32 agreement) external view returns (uint256) {
        return _progress[agreement].statuses;
    }

    /// @inheritdoc IMilestoneEscrow
    function agreementAt(Terms calldata terms, uint40 timestamp)
        external
        view
        returns (bytes32 agreement, MilestoneView[] memory milestones)
    {
        agreement = agreementId(terms);
        milestones = new MilestoneView[](terms.count());
        for (uint256 i = 0; i < milestones.length; ++i) {
            milestones[i] = _viewAt(terms, agreement, i, timestamp);
        }
    }

    /// @inheritdoc IMilestoneEscrow
    function milestoneAt(Terms calldata terms, uint8 milestone, uint40 timestamp)
        external
        view
        returns (MilestoneView memory)
    {
        return _viewAt(terms, agreementId(terms), milestone, timestamp);
    }

    function _viewAt(Terms calldata terms, bytes32 agreement, uint256 i, uint256 timestamp)
        private
        view
        returns (MilestoneView memory v)
    {
        Milestone memory m = _load(terms, agreement, _progress[agreement].statuses, i);
        v.status = m.status;
        if (m.status != Status.None && m.status < Status.Paid) {
            v.open = m.open();
            v.clock = Clock(uint40(m.clock.sinceOf()), uint16(m.clock.claimedOf()), uint16(m.clock.disputedOf()));
            v.deadline = uint40(_deadline(terms, m.status, m.clock));
            v.isLate = _isLate(terms, m.status, m.clock, timestamp);
            if (m.status == Status.Submitted || m.status == Status.Approved || m.status == Status.PartlyApproved) {
                v.toFreelancer = m.claimOnOpen();
            }
            if (m.status == Status.Disputed) v.toFreelancer = Shares.portion(v.open, terms.defaultBps);
            v.toClient = v.open - v.toFreelancer;
        }
    }

    function _idOf(bytes32 termsHash) private view returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(_HOME, termsHash);
    }

    // Reading and writing one milestone

    function _funded(Terms calldata terms) private view returns (bytes32 agreement, uint256 statuses) {
        agreement = agreementId(terms);
        statuses = _progress[agreement].statuses;
        if (statuses == 0) revert AgreementNotFunded(agreement);
    }

    function _statusOf(Terms calldata terms, bytes32 agreement, uint256 statuses, uint256 i)
        private
        pure
        returns (Status status)
    {
        status = statuses.statusOf(i);
        // Beyond the terms nothing was ever funded.
        if (status == Status.None) _requireInTerms(terms, agreement, i);
    }

    function _clockOf(bytes32 agreement, uint256 i) private view returns (uint256) {
        return _progress[agreement].clocks[i / 4].clockOf(i);
    }

    function _load(Terms calldata terms, bytes32 agreement, uint256 statuses, uint256 i)
        private
        view
        returns (Milestone memory)
    {
        Status status = _statusOf(terms, agreement, statuses, i);
        // Up to Approved no clock counts, and reading one would cost every payout of unsubmitted work.
        uint256 clock = status > Status.Approved ? _clockOf(agreement, i) : 0;
        (uint256 amount, uint256 whole) = terms.measureOf(i);
        return Milestone(status, clock, amount, whole);
    }

    function _setStatus(bytes32 agreement, uint256 statuses, uint256 i, Status status) private {
        _progress[agreement].statuses = statuses.withStatus(i, status);
    }

    function _setClock(bytes32 agreement, uint256 i, uint256 since, uint256 claimed, uint256 disputed) private {
        uint256[16] storage clocks = _progress[agreement].clocks;
        clocks[i / 4] = clocks[i / 4].withClock(i, since, claimed, disputed);
    }

    /// @return Whether a payout became a credit.
    function _payParties(Terms calldata terms, bytes32 agreement, uint256 toFreelancer, uint256 toClient)
        private
        returns (bool)
    {
        address token = terms.token;
        bool hasCredited = _push(agreement, token, terms.payee, toFreelancer, false);
        return _push(agreement, token, terms.client, toClient, hasCredited);
    }

    /// @dev The moment from which the awaited party is late; zero where no clock runs.
    function _deadline(Terms calldata terms, Status status, uint256 clock) private pure returns (uint256) {
        if (status == Status.Submitted) return clock.sinceOf() + terms.reviewPeriod;
        if (status == Status.RefundRequested) return clock.sinceOf() + terms.responsePeriod;
        if (status == Status.Disputed) return clock.sinceOf() + terms.rulingPeriod;
        return 0;
    }

    function _isLate(Terms calldata terms, Status status, uint256 clock, uint256 timestamp)
        private
        pure
        returns (bool)
    {
        uint256 deadline = _deadline(terms, status, clock);
        return deadline != 0 && timestamp >= deadline;
    }

    // Checks

    /// @dev The freelancer may claim while Active, once a metered period is over; and in time while a refund is
    /// requested, period or not, because the client asked to end it then.
    function _requireClaimable(Terms calldata terms, bytes32 agreement, uint256 i, Status status) private view {
        if (status == Status.RefundRequested) {
            return _requireInTime(terms, agreement, i, status, _clockOf(agreement, i));
        }
        _requireStatus(agreement, i, status, Status.Active);
        _requirePeriodOver(terms, agreement, i);
    }

    function _requirePeriodOver(Terms calldata terms, bytes32 agreement, uint256 i) private view {
        if (terms.isMetered() && block.timestamp < terms.periodEnd(i)) {
            revert PeriodNotOver(agreement, i, terms.periodEnd(i), block.timestamp);
        }
    }

    function _requireInTime(Terms calldata terms, bytes32 agreement, uint256 i, Status status, uint256 clock)
        private
        view
    {
        uint256 deadline = _deadline(terms, status, clock);
        if (block.timestamp >= deadline) revert DeadlinePassed(agreement, i, deadline, block.timestamp);
    }

    function _requireLate(Terms calldata terms, bytes32 agreement, uint256 i, Status status, uint256 clock)
        private
        view
    {
        uint256 deadline = _deadline(terms, status, clock);
        if (block.timestamp < deadline) revert DeadlineNotReached(agreement, i, deadline, block.timestamp);
    }

    function _requireUnexpired(bytes32 agreement, uint256 expiresAt) private view {
        if (block.timestamp >= expiresAt) revert OfferExpired(agreement, expiresAt, block.timestamp);
    }

    function _requireSome(uint64 milestones) private pure {
        if (milestones == 0) revert NoMilestones();
    }

    function _requireInTerms(Terms calldata terms, bytes32 agreement, uint256 i) private pure {
        if (i >= terms.count()) revert MilestoneOutOfRange(agreement, i, terms.count());
    }

    /// @param ones The milestones that must be at `expected`, {Packing.spread}.
    function _requireAll(Terms calldata terms, bytes32 agreement, uint256 statuses, uint256 ones, Status expected)
        private
        pure
    {
        uint256 wrong = statuses.otherThan(ones, expected);
        if (wrong == 0) return;
        uint256 lowest = Math.log2(wrong & (~wrong + 1)) / 4;
        revert WrongStatus(agreement, lowest, _statusOf(terms, agreement, statuses, lowest));
    }

    function _requireStatus(bytes32 agreement, uint256 i, Status status, Status expected) private pure {
        if (status != expected) revert WrongStatus(agreement, i, status);
    }

    /// @dev Units for each milestone, or, for a fixed price, none at all.
    function _requireUnits(Terms calldata terms, bytes32 agreement, uint64 milestones, uint16[] calldata units)
        private
        pure
    {
        if (units.length == 0 && !terms.isMetered()) return;
        uint256 expected = Consents.size(milestones);
        if (units.length != expected) revert UnitsCountMismatch(agreement, units.length, expected);
    }

    /// @dev An approval of fewer units than are claimed does not touch the claim: contesting the rest is a dispute.
    function _requireCovered(bytes32 agreement, uint256 i, Milestone memory m, uint256 approvedUnits) private pure {
        if (approvedUnits < m.claimed()) revert ApprovalBelowClaim(agreement, i, approvedUnits, m.claimed());
    }

    function _requireParty(Terms calldata terms) private view {
        if (msg.sender != terms.client && msg.sender != terms.freelancer) {
            revert NotParty(msg.sender, terms.client, terms.freelancer);
        }
    }

    /// @dev Asks ECDSA first, then ERC-1271: an account with delegated code (EIP-7702) keeps its key's signature.
    function _requireSignature(address signer, bytes32 digest, bytes calldata signature) private view {
        // The third value only details an error, and every error leads to the same next step.
        // slither-disable-next-line unused-return
        (address recovered, ECDSA.RecoverError err,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (err == ECDSA.RecoverError.NoError && recovered == signer) return;
        if (!SignatureChecker.isValidERC1271SignatureNowCalldata(signer, digest, signature)) {
            revert SignatureInvalid(signer, digest);
        }
    }
}
