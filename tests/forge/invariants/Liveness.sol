// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Approval, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {Handler} from "./Handler.sol";

/// @title Liveness
/// @notice Law 16: from a state that was reached, one honest party and the clock bring every milestone to its end within
/// the bound, whatever the other side does; the arbiter stays silent. In the end the escrow is empty.
abstract contract Liveness is Handler {
    /// More acts than any end needs.
    uint256 private constant ACTS = 16;

    /// Whether the client has sent the work back. An honest freelancer claims once; who sends it back meets a dispute, and
    /// only the arbiter's clock is left.
    bool private _wasSentBack;

    /// Each party alone, from the state that the last act left.
    function _everybodyAlone() internal {
        if (!hasMoved || !_isOpen(ghosts[movedDeal][movedMilestone].status)) return;
        uint256 snapshot = vm.snapshotState();
        _alone(movedDeal, movedMilestone, true);
        vm.revertToStateAndDelete(snapshot);
        _alone(movedDeal, movedMilestone, false);
    }

    /// Everything ends, and what is left are credits and gifts.
    function _emptied() internal {
        uint256 snapshot = vm.snapshotState();
        for (uint256 d = 0; d < deals.length; ++d) {
            for (uint256 i = 0; i < _count(deals[d]); ++i) {
                if (_isOpen(ghosts[d][i].status)) _alone(d, i, _any(2) == 0);
            }
        }
        for (uint256 k = 0; k < tokens.length; ++k) {
            same(ghostOpen[tokens[k]], 0, "law 16: what is open when all has ended");
            _compareMoney(tokens[k]);
        }
        vm.revertToStateAndDelete(snapshot);
    }

    function _alone(uint256 d, uint256 i, bool isClient) private {
        Terms storage t = deals[d];
        uint256 bound = block.timestamp + t.responsePeriod + t.reviewPeriod + t.rulingPeriod;
        if (_periodEnd(d, i) > block.timestamp) bound += _periodEnd(d, i) - block.timestamp;
        _wasSentBack = false;
        for (uint256 acts = 0; _isOpen(ghosts[d][i].status); ++acts) {
            holds(acts < ACTS, "law 16: it does not end");
            if (isClient) _clientAlone(d, i);
            else _freelancerAlone(d, i);
        }
        holds(block.timestamp <= bound, "law 16: it ends too late");
    }

    function _clientAlone(uint256 d, uint256 i) private {
        address client_ = deals[d].client;
        Status s = ghosts[d][i].status;
        if (s == Status.Offered) return _giveBack(d, i, client_);
        if (s == Status.Active) {
            if (_any(2) == 0) _hostileFreelancer(d, i);
            if (ghosts[d][i].status == Status.Active) _askBack(d, i, client_);
        } else if (s == Status.RefundRequested) {
            if (!_isLate(d, i)) {
                if (_any(2) == 0) vm.warp(_deadlineOf(d, i) - 1);
                if (_any(3) != 0) return _hostileFreelancer(d, i);
                vm.warp(_deadlineOf(d, i));
            }
            _giveBack(d, i, client_);
        } else if (s == Status.Submitted) {
            if (_isLate(d, i)) _take(d, i, client_);
            else _contest(d, i, ghosts[d][i].claim, client_);
        } else {
            _due(d, i, client_);
        }
    }

    function _freelancerAlone(uint256 d, uint256 i) private {
        address freelancer_ = deals[d].freelancer;
        Status s = ghosts[d][i].status;
        if (s == Status.Active && _any(2) == 0) {
            _askBack(d, i, deals[d].client);
            s = Status.RefundRequested;
        }
        if (s == Status.Offered || s == Status.Active) {
            if (block.timestamp < _periodEnd(d, i)) vm.warp(_periodEnd(d, i));
            if (_wasSentBack) _contest(d, i, _whole(deals[d]), freelancer_);
            else _claim(d, i, _whole(deals[d]), freelancer_);
        } else if (s == Status.RefundRequested) {
            if (_isLate(d, i)) _giveBack(d, i, freelancer_);
            else if (_wasSentBack) _contest(d, i, _whole(deals[d]), freelancer_);
            else _claim(d, i, _whole(deals[d]), freelancer_);
        } else if (s == Status.Submitted) {
            if (!_isLate(d, i)) {
                if (_any(2) == 0) vm.warp(_deadlineOf(d, i) - 1);
                if (_any(3) == 0 && _maySendBack(d, i)) return _sendBack(d, i);
                if (_any(3) == 0) return _contest(d, i, ghosts[d][i].claim, deals[d].client);
                vm.warp(_deadlineOf(d, i));
            }
            _take(d, i, freelancer_);
        } else {
            _due(d, i, freelancer_);
        }
    }

    /// Submits or disputes where that is possible.
    function _hostileFreelancer(uint256 d, uint256 i) private {
        if (!_mayClaim(d, i)) return;
        if (_any(2) == 0) _claim(d, i, 1, deals[d].freelancer);
        else _contest(d, i, 1 + _any(_whole(deals[d])), deals[d].freelancer);
    }

    /// Carries out what is decided: an approval, or a dispute that nobody ruled on.
    function _due(uint256 d, uint256 i, address by) private {
        if (_isApproved(ghosts[d][i].status)) return _take(d, i, by);
        if (!_isLate(d, i)) vm.warp(_deadlineOf(d, i));
        uint256 share = _openOf(d, i) * deals[d].defaultBps / WHOLE;
        _must(by, abi.encodeCall(escrow.lapse, (deals[d], uint8(i))));
        _end(d, i, share, 0);
    }

    function _take(uint256 d, uint256 i, address by) private {
        _must(by, abi.encodeCall(escrow.release, (deals[d], uint64(1) << uint64(i), new Approval[](0))));
        _release(d, i, 0);
    }

    function _giveBack(uint256 d, uint256 i, address by) private {
        _must(by, abi.encodeCall(escrow.refund, (deals[d], uint64(1) << uint64(i))));
        _end(d, i, 0, 0);
    }

    function _claim(uint256 d, uint256 i, uint256 units, address by) private {
        _must(by, abi.encodeCall(escrow.submit, (deals[d], uint8(i), uint16(units), 0)));
        _to(d, i, Status.Submitted);
        ghosts[d][i].claim = units;
    }

    function _contest(uint256 d, uint256 i, uint256 units, address by) private {
        _must(by, abi.encodeCall(escrow.dispute, (deals[d], uint8(i), uint16(units), 0)));
        _dispute(d, i, units, by);
    }

    function _askBack(uint256 d, uint256 i, address by) private {
        _must(by, abi.encodeCall(escrow.requestRefund, (deals[d], uint8(i), 0)));
        _to(d, i, Status.RefundRequested);
    }

    function _sendBack(uint256 d, uint256 i) private {
        _must(deals[d].client, abi.encodeCall(escrow.requestChanges, (deals[d], uint8(i), 0)));
        _to(d, i, Status.Active);
        _wasSentBack = true;
    }

    function _to(uint256 d, uint256 i, Status status) private {
        ghosts[d][i].status = status;
        ghosts[d][i].since = block.timestamp;
    }

    function _must(address by, bytes memory data) private {
        vm.prank(by);
        (bool success,) = address(escrow).call(data);
        holds(success, "law 16: an act that the rules allow fails");
    }
}
