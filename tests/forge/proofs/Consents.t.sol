// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Amendment, Approval, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {ActTest} from "./ActTest.sol";
import {vm} from "../utils/Vm.sol";

/// @title ConsentsProof
/// @notice Laws 4, 6, 8 and 11: an act that needs somebody's word succeeds only by their own call, or by a signature
/// that recovers to them over exactly what is done; and then along an edge of the table in docs/trust.md alone.
/// @dev As {EdgesProof}, with any signature of 65 bytes, or of fewer. Halmos takes the precompile that recovers signers
/// for a function of which nothing is known but that equal arguments have equal values. The parties are plain
/// accounts.
contract ConsentsProof is ActTest {
    struct Signature {
        bytes32 r;
        bytes32 s;
        uint8 v;
    }

    function check_accept(State memory s, Signature memory by) public {
        _concrete(s);
        (bool moved, uint256 from, uint256 to) =
            _act(s, abi.encodeCall(IMilestoneEscrow.accept, (terms, uint64(1) << s.i, _bytes(by))));
        if (!moved) return;
        assert(s.caller == FREELANCER || _recovers(escrow.digestOf(terms), by, FREELANCER));
        assert(_is(from, Status.Offered) && _is(to, Status.Active));
    }

    function check_releaseApproved(State memory s, Signature memory by) public {
        _concrete(s);
        Approval[] memory approvals = new Approval[](1);
        approvals[0] = Approval(uint64(1) << s.i, new uint16[](0), _bytes(by));
        (bool moved, uint256 from, uint256 to) =
            _act(s, abi.encodeCall(IMilestoneEscrow.release, (terms, uint64(1) << s.i, approvals)));
        if (!moved) return;
        assert(s.caller == CLIENT || _recovers(escrow.digestOf(approvals[0], agreement), by, CLIENT));
        assert(from >= uint256(Status.Active) && from <= uint256(Status.Disputed));
        assert(_is(to, Status.Paid) || _is(to, Status.Split) || _is(to, Status.Refunded));
    }

    function check_settle(State memory s, Signature memory by, uint256 toFreelancer, uint256 toClient, uint40 expiresAt)
        public
    {
        _concrete(s);
        Division memory division = Division(s.i, toFreelancer, toClient);
        (bool moved, uint256 from, uint256 to) =
            _act(s, abi.encodeCall(IMilestoneEscrow.settle, (terms, division, expiresAt, _bytes(by))));
        if (!moved) return;
        assert(s.caller == CLIENT || s.caller == FREELANCER);
        address other = s.caller == CLIENT ? FREELANCER : CLIENT;
        assert(s.time < expiresAt && _recovers(escrow.digestOf(division, agreement, expiresAt), by, other));
        assert(
            _is(from, Status.Active) || _is(from, Status.Submitted) || _is(from, Status.RefundRequested)
                || _is(from, Status.Disputed)
        );
        assert(to >= uint256(Status.Paid) && to <= uint256(Status.Split));
    }

    function check_amend(State memory s, Signature memory by, bytes32 salt, uint40 expiresAt) public {
        Terms memory replacement = _terms();
        replacement.salt = salt;
        bytes32 replacementId = escrow.agreementId(replacement);
        if (replacementId == agreement || !_put(s)) return;
        Amendment memory amendment = Amendment(new Division[](0), 1, expiresAt, _bytes(by));
        vm.deal(s.caller, terms.amounts[0]);
        bytes memory data = abi.encodeCall(IMilestoneEscrow.amend, (terms, replacement, amendment));
        bool moved = _callWith(terms.amounts[0], s.caller, s.time, data);
        assert(escrow.statusesOf(agreement) == s.statuses);
        if (!moved) return;
        assert(s.caller == CLIENT && s.time < expiresAt);
        assert(_recovers(escrow.digestOf(amendment, agreement, replacement), by, FREELANCER));
        assert(escrow.statusesOf(replacementId) == uint256(Status.Active));
    }

    function check_fund(State memory s, Signature memory by, bool isSigned, uint128 value) public {
        _concrete(s);
        if (!_put(s)) return;
        vm.deal(s.caller, value);
        bytes memory acceptance = isSigned ? _bytes(by) : bytes("");
        bytes memory data = abi.encodeCall(IMilestoneEscrow.fund, (terms, uint64(1) << s.i, acceptance));
        bool moved = _callWith(value, s.caller, s.time, data);
        uint256 afterwards = escrow.statusesOf(agreement);
        assert(moved || afterwards == s.statuses);
        assert(_sameBut(s.i, s.statuses, afterwards));
        if (!moved) return;
        assert(s.caller == CLIENT && value == terms.amounts[s.i] && _is(_status(s.statuses, s.i), Status.None));
        assert(!isSigned || _recovers(escrow.digestOf(terms), by, FREELANCER));
        assert(_is(_status(afterwards, s.i), isSigned ? Status.Active : Status.Offered));
    }

    /// No signature is too short to be one.
    function check_shortSignatureIsNone(State memory s, bytes32 r, uint256 toFreelancer, uint256 toClient) public {
        _concrete(s);
        bytes memory short = abi.encodePacked(r, r);
        (bool settled,,) = _act(
            s,
            abi.encodeCall(
                IMilestoneEscrow.settle, (terms, Division(s.i, toFreelancer, toClient), type(uint40).max, short)
            )
        );
        (bool accepted,,) = _act(s, abi.encodeCall(IMilestoneEscrow.accept, (terms, uint64(1) << s.i, short)));
        assert(!settled && (!accepted || s.caller == FREELANCER));
    }

    function _bytes(Signature memory by) private pure returns (bytes memory) {
        return abi.encodePacked(by.r, by.s, by.v);
    }

    function _recovers(bytes32 digest, Signature memory by, address signer) private pure returns (bool) {
        return ecrecover(digest, by.v, by.r, by.s) == signer;
    }
}
