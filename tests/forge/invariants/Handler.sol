// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {HostileWallet} from "../../../contracts/mocks/HostileWallet.sol";
import {PracticeToken} from "../../../contracts/mocks/PracticeToken.sol";
import {Amendment, Approval, Authorization, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {Setting} from "./Setting.sol";

/// @title Handler
/// @notice One random act at a time, by the right person or a wrong one, with a true signature or a false one. The rules
/// say beforehand whether it must go through; what it did is compared with what they give.
abstract contract Handler is Setting {
    uint256 internal constant NEVER = type(uint40).max;

    bytes32 private seed;
    /// How often each thing happened, for the report.
    mapping(string what => uint256) internal times;
    string[] internal whats;
    Approval[] private oldApprovals;
    uint256 internal calls;
    /// The token of the last act's agreement.
    address internal touched;

    /// One act; which one follows from `entropy` and from how many came before.
    function act(uint256 entropy) external {
        seed = keccak256(abi.encode(seed, entropy, ++calls));
        uint256 d = _pick();
        touched = deals[d].token;
        hasMoved = false;
        if (_any(3) == 0) _anything(d);
        else _somethingThatFits(d);
        if (calls % 16 == 0) _compareAll();
        if (hasMoved && _isOpen(ghosts[movedDeal][movedMilestone].status)) _count("liveness.states");
    }

    /// One of the agreements that a run is about.
    function _pick() internal virtual returns (uint256);

    function _anything(uint256 d) private {
        uint256 which = _any(17);
        if (which == 0) _timePasses(d);
        else if (which == 1) _fund(d);
        else if (which == 2) _accept(d);
        else if (which == 3) _submit(d);
        else if (which == 4) _requestChanges(d);
        else if (which == 5) _requestRefund(d);
        else if (which == 6) _approveSome(d);
        else if (which == 7) _releaseSome(d);
        else if (which == 8) _refund(d);
        else if (which == 9) _disputeOne(d);
        else if (which == 10) _rule(d);
        else if (which == 11) _lapse(d);
        else if (which == 12) _settle(d);
        else if (which == 13) _amend(d);
        else if (which == 14) _withdraw();
        else if (which == 15) _permit(d);
        else _mischief();
    }

    /// An act for the status of some milestone, so that most acts find one to work on.
    function _somethingThatFits(uint256 d) private {
        uint256 i = _any(_count(deals[d]));
        for (uint256 k = 0; k < 16 && !_isOpen(ghosts[d][i].status); ++k) {
            i = (i + 1) % _count(deals[d]);
        }
        Status s = ghosts[d][i].status;
        uint256 which = _any(8);
        if (!_isOpen(s) || _any(8) == 0) {
            if (which < 6) _fund(d);
            else _withdraw();
        } else if (s == Status.Offered) {
            if (which < 4) _accept(d);
            else if (which < 7) _submit(d);
            else _refund(d);
        } else if (s == Status.Active) {
            if (which < 3) _submit(d);
            else if (which == 3) _requestRefund(d);
            else if (which == 4) _disputeOne(d);
            else if (which == 5) _approveSome(d);
            else if (which == 6) _amend(d);
            else _timePasses(d);
        } else if (s == Status.Submitted) {
            if (which == 0) _requestChanges(d);
            else if (which < 3) _disputeOne(d);
            else if (which == 3) _approveSome(d);
            else if (which < 6) _releaseSome(d);
            else _timePasses(d);
        } else if (s == Status.RefundRequested) {
            if (which < 2) _refund(d);
            else if (which == 2) _submit(d);
            else if (which == 3) _disputeOne(d);
            else _timePasses(d);
        } else if (s == Status.Disputed) {
            if (which < 3) _rule(d);
            else if (which < 5) _lapse(d);
            else if (which == 5) _settle(d);
            else _timePasses(d);
        } else {
            _releaseSome(d);
        }
    }

    // Chance

    function _any(uint256 n) internal returns (uint256) {
        seed = keccak256(abi.encode(seed));
        return uint256(seed) % n;
    }

    /// A person, most often the one who may.
    function _someone(address who, uint256 d) private returns (address) {
        uint256 k = _any(20);
        if (k == 0) return stranger;
        if (k == 1) return deals[d].client;
        if (k == 2) return deals[d].freelancer;
        if (k == 3) return deals[d].payee;
        return who;
    }

    /// A milestone, most often one in that status.
    function _where(uint256 d, Status a, Status b) private returns (uint256 i) {
        uint256 n = _count(deals[d]);
        i = _any(n + (_any(50) == 0 ? 3 : 0));
        for (uint256 k = 0; k < n; ++k) {
            uint256 j = (i + k) % n;
            if (ghosts[d][j].status == a || ghosts[d][j].status == b) return j;
        }
    }

    function _units(uint256 d, uint256 usual) private returns (uint16) {
        uint256 k = _any(8);
        if (k == 0) return uint16(_any(_whole(deals[d]) + 2));
        if (k == 1) return uint16(1 + _any(_whole(deals[d])));
        if (k < 4 && usual > 1) return uint16(1 + _any(usual));
        return uint16(usual);
    }

    // Doing

    /// Calls the escrow, now and then in a batch of one; it must go through exactly where the rules let it.
    function _try(string memory what, address by, uint256 value, bool may, bytes memory data) internal returns (bool) {
        if (value == 0 && _any(16) == 0) {
            bytes[] memory batch = new bytes[](1);
            batch[0] = data;
            data = abi.encodeCall(escrow.multicall, (batch));
            _count(may ? "multicall.done" : "multicall.refused");
        }
        vm.prank(by);
        (bool success,) = address(escrow).call{value: value}(data);
        _count(string.concat(what, success ? ".done" : ".refused"));
        if (success && !may) revert(string.concat("law 6: it should have been refused: ", what));
        if (!success && may) revert(string.concat("law 6: it should have gone through: ", what));
        return success;
    }

    function _count(string memory what) internal {
        if (times[what]++ == 0) whats.push(what);
    }

    function _set(uint256 d, uint256 i, Status status) private {
        ghosts[d][i].status = status;
        _compare(d, i);
    }

    // Time and money from outside

    function _timePasses(uint256 d) private {
        uint256 i = _where(d, Status.Submitted, Status.RefundRequested);
        uint256 deadline = _any(3) == 0 ? _periodEnd(d, i) : _deadlineOf(d, i);
        uint256 to = block.timestamp + _any(_any(4) == 0 ? 9 days : 3 hours);
        if (_any(3) != 0 && deadline > block.timestamp + 1) to = deadline - 1 + _any(3);
        vm.warp(to);
        if (i < _count(deals[d])) _compare(d, i);
        _count("time passes");
    }

    function _mischief() private {
        uint256 k = _any(4);
        address money = tokens[_any(3)];
        if (k == 0) {
            uint256 gift = _any(1000);
            if (money == address(0)) vm.deal(address(escrow), address(escrow).balance + gift);
            else PracticeToken(money).mint(address(escrow), gift);
            ghostGifts[money] += gift;
            _count("gift");
        } else if (k == 1 || money == address(0)) {
            isRefusing = !isRefusing;
            wallet.setManner(isRefusing ? HostileWallet.Manner.Revert : HostileWallet.Manner.Accept, address(0), "");
            _count("wallet changes its mind");
        } else {
            address who = owners[_any(owners.length)];
            PracticeToken(money).setDenied(who, !PracticeToken(money).isDenied(who));
            _count("token denies or allows");
        }
        for (uint256 j = 0; j < 3; ++j) {
            _compareMoney(tokens[j]);
        }
    }

    // Funding

    function _fund(uint256 d) private {
        Terms storage t = deals[d];
        address by = _any(25) == 0 ? stranger : t.client;
        uint64 set = _unfunded(d);
        if (set == 0 && _any(8) != 0) return _timePasses(d);
        uint256 key = _any(12) == 0 ? STRANGER_KEY : keyOf[t.freelancer];
        bool isAccepted = _any(3) != 0;
        bytes memory acceptance = isAccepted ? signTerms(key, t) : bytes("");
        bool may = by == t.client && set != 0 && (!isAccepted || key == keyOf[t.freelancer]);
        uint256 sum = 0;
        for (uint256 i = 0; i < 64; ++i) {
            if ((set >> i) & 1 == 0) continue;
            if (i >= _count(t) || ghosts[d][i].status != Status.None) may = false;
            else sum += _amount(t, i);
        }
        uint256 value = t.token == address(0) ? sum : 0;
        if (t.token != address(0)) {
            may = may && !PracticeToken(t.token).isDenied(by);
            if (by == t.client && _any(6) == 0) {
                return _fundWithAuthorization(d, set, acceptance, sum, may);
            }
        }
        if (_any(25) == 0) {
            ++value;
            may = false;
        }
        vm.deal(stranger, value);
        ghostWealth[address(0)][stranger] = value;
        if (_try("fund", by, value, may, abi.encodeCall(escrow.fund, (t, set, acceptance)))) {
            _funded(d, set, isAccepted, sum);
        }
    }

    /// Whoever carries it, the client's authorisation of these milestones pays.
    function _fundWithAuthorization(uint256 d, uint64 set, bytes memory acceptance, uint256 sum, bool may) private {
        Terms storage t = deals[d];
        uint256 key = _any(6) == 0 ? STRANGER_KEY : keyOf[t.client];
        bytes32 nonce = keccak256(abi.encode(idOf(t), set));
        bytes32 message = keccak256(
            abi.encode(
                keccak256(
                    "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
                ),
                t.client,
                address(escrow),
                sum,
                0,
                NEVER,
                nonce
            )
        );
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", PracticeToken(t.token).DOMAIN_SEPARATOR(), message));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        may = may && key == keyOf[t.client] && !PracticeToken(t.token).authorizationState(t.client, nonce);
        bytes memory data =
            abi.encodeCall(escrow.fundWithAuthorization, (t, set, acceptance, Authorization(0, NEVER, v, r, s)));
        // A stranger carries it; the right client's consent is the token's to judge.
        may = may && !PracticeToken(t.token).isDenied(t.client);
        if (_try("fundWithAuthorization", stranger, 0, may, data)) _funded(d, set, acceptance.length != 0, sum);
    }

    /// A permit by the right key or another, for more than all there is: it moves nothing, and a wrong one stops nothing.
    function _permit(uint256 d) private {
        PracticeToken money = PracticeToken(deals[d].token);
        if (address(money) == address(0)) return _timePasses(d);
        address owner = deals[d].client;
        bytes32 message = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                owner,
                address(escrow),
                type(uint256).max,
                money.nonces(owner),
                NEVER
            )
        );
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", money.DOMAIN_SEPARATOR(), message));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_any(2) == 0 ? STRANGER_KEY : keyOf[owner], digest);
        bytes memory data = abi.encodeCall(escrow.permit, (address(money), type(uint256).max, NEVER, v, r, s));
        _try("permit", owner, 0, true, data);
    }

    function _unfunded(uint256 d) private returns (uint64 set) {
        uint256 n = _count(deals[d]);
        uint256 i = _any(n + 1);
        for (uint256 k = 0; k < 4; ++k) {
            uint256 j = (i + k) % n;
            if (ghosts[d][j].status == Status.None || _any(40) == 0) set |= uint64(1) << uint64(j);
        }
        if (_any(60) == 0 && n < 64) set |= uint64(1) << uint64(n);
    }

    function _funded(uint256 d, uint64 set, bool isAccepted, uint256 sum) private {
        for (uint256 i = 0; i < 64; ++i) {
            if ((set >> i) & 1 == 1) _set(d, i, isAccepted ? Status.Active : Status.Offered);
        }
        ghostOpen[deals[d].token] += sum;
        ghostWealth[deals[d].token][deals[d].client] -= sum;
    }

    function _accept(uint256 d) private {
        Terms storage t = deals[d];
        uint256 i = _where(d, Status.Offered, Status.Offered);
        uint256 j = _any(2) == 0 ? i : _where(d, Status.Offered, Status.Offered);
        if (i >= 64 || j >= 64) return;
        address by = _any(2) == 0 ? t.freelancer : stranger;
        uint256 key = _any(6) == 0 ? STRANGER_KEY : keyOf[t.freelancer];
        bool may = by == t.freelancer || key == keyOf[t.freelancer];
        may = may && ghosts[d][i].status == Status.Offered && ghosts[d][j].status == Status.Offered;
        bytes memory acceptance = signTerms(key, t);
        if (_try("accept", by, 0, may, abi.encodeCall(escrow.accept, (t, _both(i, j), acceptance)))) {
            _set(d, i, Status.Active);
            _set(d, j, Status.Active);
        }
    }

    // Work and its answers

    function _submit(uint256 d) private {
        uint256 i = _where(d, Status.Active, _any(2) == 0 ? Status.Offered : Status.RefundRequested);
        address by = _someone(deals[d].freelancer, d);
        uint16 units = _units(d, _whole(deals[d]));
        bool may = _maySubmit(d, i, units, by);
        if (_try("submit", by, 0, may, abi.encodeCall(escrow.submit, (deals[d], uint8(i), units, 0)))) {
            ghosts[d][i].claim = units;
            ghosts[d][i].since = block.timestamp;
            _set(d, i, Status.Submitted);
        }
    }

    function _requestChanges(uint256 d) private {
        uint256 i = _where(d, Status.Submitted, Status.Submitted);
        address by = _someone(deals[d].client, d);
        bool may = by == deals[d].client && _maySendBack(d, i);
        if (_try("requestChanges", by, 0, may, abi.encodeCall(escrow.requestChanges, (deals[d], uint8(i), 0)))) {
            _set(d, i, Status.Active);
        }
    }

    function _requestRefund(uint256 d) private {
        uint256 i = _where(d, Status.Active, Status.Active);
        address by = _someone(deals[d].client, d);
        bool may = by == deals[d].client && ghosts[d][i].status == Status.Active;
        if (_try("requestRefund", by, 0, may, abi.encodeCall(escrow.requestRefund, (deals[d], uint8(i), 0)))) {
            ghosts[d][i].since = block.timestamp;
            _set(d, i, Status.RefundRequested);
        }
    }

    // Approvals and releases

    function _approveSome(uint256 d) private {
        Terms storage t = deals[d];
        uint256 i =
            _any(3) == 0 ? _where(d, Status.Active, Status.Active) : _where(d, Status.Submitted, Status.Disputed);
        uint256 j = i;
        if (_any(2) == 0) j = _where(d, Status.Active, _any(2) == 0 ? Status.RefundRequested : Status.Submitted);
        if (i >= 64 || j >= 64) return;
        address by = _someone(t.client, d);
        uint16[] memory units = new uint16[](_isMetered(t) || _any(4) == 0 ? (i == j ? 1 : 2) : 0);
        for (uint256 k = 0; k < units.length; ++k) {
            units[k] = _units(d, _whole(t));
        }
        uint256[2] memory named = _named(t, units, i, j);
        bool may = by == t.client && i < _count(t) && j < _count(t);
        may = may && _mayApprove(d, i, named[0]) && _mayApprove(d, j, named[1]);
        if (_try("approve", by, 0, may, abi.encodeCall(escrow.approve, (t, _both(i, j), units)))) {
            _approve(d, i);
            if (i != j) _approve(d, j);
            _compare(d, i);
            _compare(d, j);
        }
    }

    function _both(uint256 i, uint256 j) private pure returns (uint64) {
        return (uint64(1) << uint64(i)) | (uint64(1) << uint64(j));
    }

    /// What `units`, lowest milestone first, say of `i` and of `j`; none are the whole of each.
    function _named(Terms storage t, uint16[] memory units, uint256 i, uint256 j)
        private
        view
        returns (uint256[2] memory)
    {
        uint256 low = units.length != 0 ? units[0] : _whole(t);
        uint256 high = units.length != 0 ? units[units.length - 1] : _whole(t);
        return i <= j ? [low, high] : [high, low];
    }

    function _releaseSome(uint256 d) private {
        Terms storage t = deals[d];
        Status due = _any(2) == 0 ? Status.Approved : Status.PartlyApproved;
        uint256 i = _where(d, due, _any(2) == 0 ? Status.Submitted : Status.Active);
        uint256 j = i;
        if (_any(2) == 0) j = _any(2) == 0 ? _where(d, due, due) : _where(d, Status.Submitted, Status.Disputed);
        if (i >= 64 || j >= 64) return;
        address by = _someone(_any(2) == 0 ? t.freelancer : stranger, d);
        Approval[] memory approvals = new Approval[](_any(4) == 0 ? 0 : 1);
        bool may = i < _count(t) && j < _count(t);
        uint256[2] memory named;
        if (approvals.length != 0) {
            bool isGood;
            (approvals[0], named, isGood) = _approval(d, i, j, by);
            may = may && isGood;
        }
        may = may && _mayRelease(d, i, named[0], by) && _mayRelease(d, j, named[1], by);
        if (_try("release", by, 0, may, abi.encodeCall(escrow.release, (t, _both(i, j), approvals)))) {
            _release(d, i, named[0]);
            _compare(d, i);
            if (i != j) _release(d, j, named[1]);
            _compare(d, j);
        }
    }

    /// An approval of both milestones: true, by a wrong key, of another agreement, or one that was made before.
    function _approval(uint256 d, uint256 i, uint256 j, address by)
        private
        returns (Approval memory approval, uint256[2] memory named, bool isGood)
    {
        Terms storage t = deals[d];
        uint64 set = _both(i, j);
        uint16[] memory units = new uint16[](_isMetered(t) || _any(3) == 0 ? (i == j ? 1 : 2) : 0);
        for (uint256 k = 0; k < units.length; ++k) {
            units[k] = _units(d, _whole(t));
        }
        uint256 manner = _any(10);
        isGood = true;
        if (manner == 0) {
            approval = signApproval(STRANGER_KEY, t, set, units);
            isGood = by == t.client;
        } else if (manner == 1) {
            approval = signApproval(keyOf[t.client], deals[(d + 1) % deals.length], set, units);
            isGood = by == t.client;
        } else if (manner == 2 && oldApprovals.length != 0) {
            // Bytes of an approval of something else; by the client the signature is not read.
            approval = Approval(set, units, oldApprovals[_any(oldApprovals.length)].signature);
            isGood = by == t.client || _isSame(approval, signApproval(keyOf[t.client], t, set, units));
        } else {
            approval = signApproval(keyOf[t.client], t, set, units);
            if (oldApprovals.length < 32) oldApprovals.push(approval);
        }
        named = _named(t, units, i, j);
        isGood = isGood && named[0] != 0 && named[1] != 0 && named[0] <= _whole(t) && named[1] <= _whole(t);
    }

    function _isSame(Approval memory a, Approval memory b) private pure returns (bool) {
        return keccak256(a.signature) == keccak256(b.signature);
    }

    function _refund(uint256 d) private {
        Status other = _any(3) == 0 ? Status.PartlyApproved : _any(2) == 0 ? Status.Offered : Status.Submitted;
        uint256 i = _where(d, _any(4) == 0 ? other : Status.RefundRequested, other);
        if (i >= 64) return;
        address by = _any(3) == 0 ? deals[d].freelancer : _any(2) == 0 ? deals[d].client : stranger;
        bool may = i < _count(deals[d]) && _mayRefund(d, i, by);
        if (_try("refund", by, 0, may, abi.encodeCall(escrow.refund, (deals[d], uint64(1) << uint64(i))))) {
            _end(d, i, 0, 0);
            _compare(d, i);
        }
    }

    // Disputes

    function _disputeOne(uint256 d) private {
        uint256 i = _where(d, Status.Submitted, _any(2) == 0 ? Status.Active : Status.RefundRequested);
        address by = _someone(_any(2) == 0 ? deals[d].client : deals[d].freelancer, d);
        uint256 usual = ghosts[d][i].status == Status.Submitted ? ghosts[d][i].claim : _whole(deals[d]);
        uint16 units = _units(d, usual);
        bool may = i < _count(deals[d]) && _mayDispute(d, i, units, by);
        if (_try("dispute", by, 0, may, abi.encodeCall(escrow.dispute, (deals[d], uint8(i), units, 0)))) {
            _dispute(d, i, units, by);
            _compare(d, i);
        }
    }

    function _rule(uint256 d) private {
        Terms storage t = deals[d];
        uint256 i = _where(d, Status.Disputed, Status.Disputed);
        address by = _someone(t.arbiter, d);
        if (by == address(0)) by = stranger;
        uint256 open = _openOf(d, i);
        uint256 fee = open * t.arbiterFeeBps / WHOLE;
        uint256 k = _any(5);
        uint256 share = k == 0 ? 0 : k == 1 ? open - fee : k == 2 ? open - fee + 1 : _any(open - fee + 1);
        bool may = by == t.arbiter && ghosts[d][i].status == Status.Disputed && !_isLate(d, i) && share <= open - fee;
        if (_try("rule", by, 0, may, abi.encodeCall(escrow.rule, (t, uint8(i), share, 0)))) {
            _end(d, i, share, fee);
            _compare(d, i);
        }
    }

    function _lapse(uint256 d) private {
        uint256 i = _where(d, Status.Disputed, Status.Disputed);
        if (ghosts[d][i].status == Status.Disputed && !_isLate(d, i) && _any(3) == 0) vm.warp(_deadlineOf(d, i));
        bool may = ghosts[d][i].status == Status.Disputed && _isLate(d, i);
        uint256 share = _openOf(d, i) * deals[d].defaultBps / WHOLE;
        if (_try("lapse", stranger, 0, may, abi.encodeCall(escrow.lapse, (deals[d], uint8(i))))) {
            _end(d, i, share, 0);
            _compare(d, i);
        }
    }

    // Agreements of both

    function _settle(uint256 d) private {
        uint256 i = _where(d, Status.Disputed, _any(2) == 0 ? Status.Active : Status.Submitted);
        uint256 open = _openOf(d, i);
        Division memory division = Division(uint8(i), _any(open + 1), 0);
        division.toClient = open - division.toFreelancer + (_any(10) == 0 ? 1 : 0);
        bool may = division.toClient == open - division.toFreelancer && i < _count(deals[d]) && _maySettle(d, i);
        if (_trySettle(d, division, may)) {
            _end(d, i, division.toFreelancer, 0);
            _compare(d, i);
        }
    }

    function _trySettle(uint256 d, Division memory division, bool may) private returns (bool) {
        Terms storage t = deals[d];
        bool byClient = _any(2) == 0;
        address by = _any(12) == 0 ? stranger : byClient ? t.client : t.freelancer;
        uint256 key = _any(8) == 0 ? STRANGER_KEY : keyOf[byClient ? t.freelancer : t.client];
        uint40 expiresAt = uint40(block.timestamp + _any(8));
        may = may && by != stranger && key != STRANGER_KEY && expiresAt > block.timestamp;
        return _try("settle", by, 0, may, _settleData(t, division, expiresAt, key));
    }

    function _settleData(Terms memory t, Division memory division, uint40 expiresAt, uint256 key)
        private
        view
        returns (bytes memory)
    {
        bytes memory offer = signSettlement(key, t, division, expiresAt);
        return abi.encodeCall(escrow.settle, (t, division, expiresAt, offer));
    }

    /// Ends one milestone, and funds an unfunded one of the same terms with what it frees and more.
    function _amend(uint256 d) private {
        uint256 i = _where(d, Status.Active, Status.Disputed);
        uint256 j = _where(d, Status.None, Status.None);
        if (i >= _count(deals[d]) || j >= _count(deals[d])) return;
        uint256 open = _openOf(d, i);
        Amendment memory a;
        a.divisions = new Division[](1);
        a.divisions[0] = Division(uint8(i), _any(open + 1), 0);
        a.divisions[0].toClient = open - a.divisions[0].toFreelancer;
        a.funded = uint64(1) << uint64(j);
        a.expiresAt = uint40(block.timestamp + _any(9));
        uint256 freed = a.divisions[0].toClient;
        uint256 needed = _amount(deals[d], j);
        uint256 more = needed > freed ? needed - freed : 0;
        if (!_tryAmend(d, a, more, _maySettle(d, i) && ghosts[d][j].status == Status.None)) return;

        ghostOpen[deals[d].token] += needed;
        ghostWealth[deals[d].token][deals[d].client] -= more;
        // Netting: what is freed and needed again never leaves.
        _endAndKeep(d, i, a.divisions[0].toFreelancer, needed - more);
        ghosts[d][j] = Ghost(Status.Active, 0, 0, 0, 0, 0, 0);
        _compare(d, i);
        _compare(d, j);
    }

    function _tryAmend(uint256 d, Amendment memory a, uint256 more, bool may) private returns (bool) {
        Terms storage t = deals[d];
        uint256 key = _any(6) == 0 ? STRANGER_KEY : keyOf[t.freelancer];
        a.signature = signAmendment(key, t, t, a);
        may = may && key != STRANGER_KEY && a.expiresAt > block.timestamp;
        if (t.token != address(0) && more != 0) may = may && !PracticeToken(t.token).isDenied(t.client);
        bytes memory data = abi.encodeCall(escrow.amend, (t, t, a));
        return _try("amend", t.client, t.token == address(0) ? more : 0, may, data);
    }

    /// Ends a milestone; `kept` of the client's part stays in the escrow for another.
    function _endAndKeep(uint256 d, uint256 i, uint256 share, uint256 kept) private {
        Ghost storage g = ghosts[d][i];
        uint256 toClient = _openOf(d, i) - share;
        g.toClient += toClient;
        ghostOpen[deals[d].token] -= kept;
        if (toClient != kept) _pay(deals[d].token, deals[d].client, toClient - kept);
        if (share != 0) _payFreelancer(d, i, share);
        uint256 amount = _amount(deals[d], i);
        g.status = g.toFreelancer == amount ? Status.Paid : g.toClient == amount ? Status.Refunded : Status.Split;
    }

    // Credits

    function _withdraw() private {
        address money = tokens[_any(3)];
        address owner = owners[_any(owners.length)];
        for (uint256 k = 0; k < 3 * owners.length && ghostCredit[money][owner] == 0; ++k) {
            owner = owners[k % owners.length];
            money = tokens[k % 3];
        }
        if (ghostCredit[money][owner] == 0 && _any(8) != 0) return _mischief();
        address by = _any(3) == 0 ? stranger : owner;
        address to = _any(2) == 0 ? owner : payee;
        uint256 credit = ghostCredit[money][owner];
        bool may = credit != 0 && (by == owner || to == owner) && !_refuses(money, to);
        if (_try("withdraw", by, 0, may, abi.encodeCall(escrow.withdraw, (money, owner, to)))) {
            ghostCredit[money][owner] = 0;
            ghostWealth[money][to] += credit;
            _compareMoney(money);
        }
    }

    // Everything

    /// Laws 1, 4 and 8: all milestones of all agreements stand where the rules have them, and everybody has their money.
    function _compareAll() internal view {
        for (uint256 k = 0; k < tokens.length; ++k) {
            _compareMoney(tokens[k]);
        }
        for (uint256 d = 0; d < deals.length; ++d) {
            uint256 statuses = escrow.statusesOf(idOf(deals[d]));
            uint256 expected = 0;
            for (uint256 i = 0; i < _count(deals[d]); ++i) {
                expected |= uint256(ghosts[d][i].status) << (4 * i);
            }
            same(statuses, expected, "law 8: another agreement changed");
        }
    }
}
