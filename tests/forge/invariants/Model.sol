// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Clock, MilestoneView, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {EscrowTest} from "../utils/EscrowTest.sol";

/// @title Model
/// @notice The rules of docs/trust.md written down a second time: what stands where, what is owed to whom, and which
/// act may be done by whom and when. It shares no code with the contract.
abstract contract Model is EscrowTest {
    /// A milestone as the rules have it.
    struct Ghost {
        Status status;
        uint256 since;
        /// Units claimed; meaningless where nothing is claimed.
        uint256 claim;
        /// Units disputed; zero where nothing is.
        uint256 disputed;
        /// What has been paid or credited for it.
        uint256 toFreelancer;
        uint256 toClient;
        uint256 toArbiter;
    }

    Terms[] internal deals;
    mapping(uint256 deal => mapping(uint256 milestone => Ghost)) internal ghosts;
    /// What is open, by token.
    mapping(address token => uint256) internal ghostOpen;
    /// What each owner has in hand.
    mapping(address token => mapping(address owner => uint256)) internal ghostWealth;
    /// What each owner could not take and may withdraw.
    mapping(address token => mapping(address owner => uint256)) internal ghostCredit;
    /// What was sent to the escrow unasked.
    mapping(address token => uint256) internal ghostGifts;

    /// Whether the last act led anywhere, and the milestone that it moved.
    bool internal hasMoved;
    uint256 internal movedDeal;
    uint256 internal movedMilestone;

    // The terms

    function _isMetered(Terms storage t) internal view returns (bool) {
        return t.period != 0;
    }

    function _count(Terms storage t) internal view returns (uint256) {
        return _isMetered(t) ? 64 : t.amounts.length;
    }

    function _whole(Terms storage t) internal view returns (uint256) {
        return _isMetered(t) ? t.units : 10_000;
    }

    function _amount(Terms storage t, uint256 i) internal view returns (uint256) {
        return t.amounts[_isMetered(t) ? 0 : i];
    }

    function _worth(Terms storage t, uint256 i, uint256 units) internal view returns (uint256) {
        return _amount(t, i) * units / _whole(t);
    }

    // The state

    function _isOpen(Status s) internal pure returns (bool) {
        return s != Status.None && s < Status.Paid;
    }

    function _isApproved(Status s) internal pure returns (bool) {
        return s == Status.Approved || s == Status.PartlyApproved;
    }

    /// Token base units that the escrow holds for a milestone.
    function _openOf(uint256 d, uint256 i) internal view returns (uint256) {
        Ghost storage g = ghosts[d][i];
        if (!_isOpen(g.status)) return 0;
        return _amount(deals[d], i) - g.toFreelancer - g.toClient - g.toArbiter;
    }

    /// Token base units of what is open that the freelancer claims.
    function _claimed(uint256 d, uint256 i) internal view returns (uint256) {
        Ghost storage g = ghosts[d][i];
        return _worth(deals[d], i, g.claim) - g.toFreelancer;
    }

    /// The second from which the awaited party is late; zero where none is awaited.
    function _deadlineOf(uint256 d, uint256 i) internal view returns (uint256) {
        Ghost storage g = ghosts[d][i];
        if (g.status == Status.Submitted) return g.since + deals[d].reviewPeriod;
        if (g.status == Status.RefundRequested) return g.since + deals[d].responsePeriod;
        if (g.status == Status.Disputed) return g.since + deals[d].rulingPeriod;
        return 0;
    }

    function _isLate(uint256 d, uint256 i) internal view returns (bool) {
        uint256 deadline = _deadlineOf(d, i);
        return deadline != 0 && block.timestamp >= deadline;
    }

    function _isFunded(uint256 d) internal view returns (bool) {
        for (uint256 i = 0; i < _count(deals[d]); ++i) {
            if (ghosts[d][i].status != Status.None) return true;
        }
        return false;
    }

    /// Unix time at which the metered period of a milestone is over; long ago for a fixed price.
    function _periodEnd(uint256 d, uint256 i) internal view returns (uint256) {
        return deals[d].start + (i + 1) * deals[d].period;
    }

    // The rules: may it be done now?

    function _mayClaim(uint256 d, uint256 i) internal view returns (bool) {
        Ghost storage g = ghosts[d][i];
        if (g.status == Status.RefundRequested) return !_isLate(d, i);
        return g.status == Status.Active && block.timestamp >= _periodEnd(d, i);
    }

    function _maySubmit(uint256 d, uint256 i, uint256 units, address by) internal view returns (bool) {
        if (by != deals[d].freelancer || units == 0 || units > _whole(deals[d])) return false;
        if (ghosts[d][i].status != Status.Offered) return _mayClaim(d, i);
        return block.timestamp >= _periodEnd(d, i);
    }

    function _maySendBack(uint256 d, uint256 i) internal view returns (bool) {
        return ghosts[d][i].status == Status.Submitted && !_isLate(d, i) && block.timestamp >= _periodEnd(d, i);
    }

    function _mayDispute(uint256 d, uint256 i, uint256 units, address by) internal view returns (bool) {
        Ghost storage g = ghosts[d][i];
        if (units == 0) return false;
        if (g.status == Status.Submitted) {
            bool isParty = by == deals[d].client || by == deals[d].freelancer;
            return isParty && !_isLate(d, i) && units <= g.claim;
        }
        return by == deals[d].freelancer && _mayClaim(d, i) && units <= _whole(deals[d]);
    }

    function _mayRefund(uint256 d, uint256 i, address by) internal view returns (bool) {
        Status s = ghosts[d][i].status;
        if (!_isOpen(s)) return false;
        if (by == deals[d].freelancer) return true;
        if (s == Status.Offered) return by == deals[d].client;
        return s == Status.RefundRequested && _isLate(d, i);
    }

    /// `units` approved, zero where no approval comes along.
    function _mayRelease(uint256 d, uint256 i, uint256 units, address by) internal view returns (bool) {
        Ghost storage g = ghosts[d][i];
        if (_isApproved(g.status) || (g.status == Status.Submitted && _isLate(d, i))) return true;
        if (units == 0) return false;
        if (g.status == Status.Submitted || g.status == Status.Disputed) return units >= g.claim;
        if (g.status != Status.Active && g.status != Status.RefundRequested) return false;
        return units == _whole(deals[d]) || by == deals[d].freelancer;
    }

    function _mayApprove(uint256 d, uint256 i, uint256 units) internal view returns (bool) {
        Ghost storage g = ghosts[d][i];
        if (g.status == Status.Submitted || g.status == Status.Disputed) return units >= g.claim;
        bool isUnsubmitted = g.status == Status.Active || g.status == Status.RefundRequested;
        return isUnsubmitted && !_isMetered(deals[d]) && units >= _whole(deals[d]);
    }

    function _maySettle(uint256 d, uint256 i) internal view returns (bool) {
        Status s = ghosts[d][i].status;
        return s == Status.Active || s == Status.Submitted || s == Status.RefundRequested || s == Status.Disputed;
    }

    // The effects

    /// Whether a payout in `money` to `to` would fail now.
    function _refuses(address money, address to) internal view virtual returns (bool);

    function _pay(address money, address to, uint256 amount) internal {
        ghostOpen[money] -= amount;
        if (_refuses(money, to)) ghostCredit[money][to] += amount;
        else ghostWealth[money][to] += amount;
    }

    function _payFreelancer(uint256 d, uint256 i, uint256 amount) internal {
        ghosts[d][i].toFreelancer += amount;
        _pay(deals[d].token, deals[d].payee, amount);
    }

    function _payClient(uint256 d, uint256 i, uint256 amount) internal {
        ghosts[d][i].toClient += amount;
        _pay(deals[d].token, deals[d].client, amount);
    }

    function _payArbiter(uint256 d, uint256 i, uint256 amount) internal {
        ghosts[d][i].toArbiter += amount;
        _pay(deals[d].token, deals[d].arbiter, amount);
    }

    /// Pays `toFreelancer` and `toArbiter` of what is open, and the client the rest. The end is named by who got what.
    function _end(uint256 d, uint256 i, uint256 toFreelancer, uint256 toArbiter) internal {
        uint256 open = _openOf(d, i);
        if (toFreelancer != 0) _payFreelancer(d, i, toFreelancer);
        if (toArbiter != 0) _payArbiter(d, i, toArbiter);
        if (open != toFreelancer + toArbiter) _payClient(d, i, open - toFreelancer - toArbiter);
        Ghost storage g = ghosts[d][i];
        uint256 amount = _amount(deals[d], i);
        if (g.toFreelancer == amount) g.status = Status.Paid;
        else if (g.toClient == amount) g.status = Status.Refunded;
        else g.status = Status.Split;
    }

    function _release(uint256 d, uint256 i, uint256 units) internal {
        Ghost storage g = ghosts[d][i];
        if (g.status == Status.Active || g.status == Status.RefundRequested) g.claim = units;
        _end(d, i, _claimed(d, i), 0);
    }

    /// What was not submitted is approved as a whole. Approved is what leaves all of the amount to the freelancer.
    function _approve(uint256 d, uint256 i) internal {
        Ghost storage g = ghosts[d][i];
        if (g.status == Status.Active || g.status == Status.RefundRequested) g.claim = _whole(deals[d]);
        uint256 amount = _amount(deals[d], i);
        bool isAllOpen = _openOf(d, i) == amount;
        g.status = isAllOpen && _claimed(d, i) == amount ? Status.Approved : Status.PartlyApproved;
    }

    function _dispute(uint256 d, uint256 i, uint256 units, address by) internal {
        Ghost storage g = ghosts[d][i];
        if (g.status != Status.Submitted) g.claim = _whole(deals[d]);
        if (by == deals[d].freelancer) g.claim = units;
        g.disputed = units;
        uint256 conceded = _worth(deals[d], i, g.claim - units);
        uint256 unclaimed = _amount(deals[d], i) - _worth(deals[d], i, g.claim);
        g.status = Status.Disputed;
        g.since = block.timestamp;
        if (conceded != 0) _payFreelancer(d, i, conceded);
        if (unclaimed != 0) _payClient(d, i, unclaimed);
    }

    // The comparison

    /// What the contract says of a milestone is what the rules say; what it foresees is what they would do.
    function _compare(uint256 d, uint256 i) internal {
        (hasMoved, movedDeal, movedMilestone) = (true, d, i);
        Ghost storage g = ghosts[d][i];
        MilestoneView memory v = escrow.milestoneAt(deals[d], uint8(i), uint40(block.timestamp));
        holds(v.status == g.status, "law 6: a status is not where the rules have it");
        same(v.open, _openOf(d, i), "law 3: what is open");
        if (!_isOpen(g.status)) {
            if (g.status != Status.None) {
                same(g.toFreelancer + g.toClient + g.toArbiter, _amount(deals[d], i), "law 3: what was paid in all");
            }
            return;
        }
        same(v.deadline, _deadlineOf(d, i), "law 17: deadline");
        holds(v.isLate == _isLate(d, i), "law 17: late");
        uint256 foreseen = 0;
        if (g.status == Status.Submitted || _isApproved(g.status)) foreseen = _claimed(d, i);
        if (g.status == Status.Disputed) foreseen = _openOf(d, i) * deals[d].defaultBps / WHOLE;
        same(v.toFreelancer, foreseen, "law 15: foreseen for the freelancer");
        same(v.toClient, _openOf(d, i) - foreseen, "law 15: foreseen for the client");
        _compareClock(g, v.clock);
    }

    /// A claim is shown with its clock until it has ended or all of the amount is approved; a refund request claims
    /// nothing.
    function _compareClock(Ghost storage g, Clock memory clock) private view {
        bool hasClaim = g.status == Status.Submitted || g.status == Status.PartlyApproved || g.status == Status.Disputed;
        bool hasClock = hasClaim || g.status == Status.RefundRequested;
        same(clock.since, hasClock ? g.since : 0, "law 17: since when a clock runs");
        same(clock.claimed, hasClaim ? g.claim : 0, "law 6: units claimed");
        same(clock.disputed, hasClaim ? g.disputed : 0, "law 6: units disputed");
    }
}
