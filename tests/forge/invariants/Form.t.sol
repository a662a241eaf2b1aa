// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Approval, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {EscrowTest} from "../utils/EscrowTest.sol";
import {vm} from "../utils/Vm.sol";

/// @title FormTest
/// @notice Law 9: the same acts in one call, in one batch, one by one or in another order leave everybody with the same.
contract FormTest is EscrowTest {
    uint256 private constant MILESTONES = 4;

    Terms private terms;
    bytes[] private calls;
    /// Who makes the calls.
    address private actor = freelancer;

    /// What everybody has in the end.
    struct Outcome {
        uint256 payee;
        uint256 client;
        uint256 escrow;
        uint256 statuses;
    }

    /// For every division of units, whatever is approved, contested or given back.
    function testFuzz_form_gains_nothing(
        uint256 amount,
        uint16[4] calldata claims,
        uint8[4] calldata fates,
        uint8 order
    ) public {
        _setting(amount, claims);
        for (uint256 i = 0; i < MILESTONES; ++i) {
            _choose(uint8(i), fates[i] % 3, claims[i]);
        }
        Outcome memory one = _outcomeOf(_oneByOne, order);
        Outcome memory other = _outcomeOf(_backwards, order);
        Outcome memory batch = _outcomeOf(_inABatch, order);
        _same(one, other, "law 9: another order");
        _same(one, batch, "law 9: a batch");
    }

    /// A release of all, of two halves, and of each with an approval of its own.
    function testFuzz_batching_a_release_gains_nothing(uint256 amount, uint16[4] calldata claims, uint8 cut) public {
        _setting(amount, claims);
        uint64 first = uint64(cut) & 15;
        uint16[] memory units = new uint16[](MILESTONES);
        for (uint256 i = 0; i < MILESTONES; ++i) {
            units[i] = 10_000;
        }
        Approval[] memory all = new Approval[](1);
        all[0] = signApproval(CLIENT_KEY, terms, 15, units);
        calls.push(abi.encodeCall(IMilestoneEscrow.release, (terms, 15, all)));
        Outcome memory whole = _outcomeOf(_oneByOne, 0);
        delete calls;
        if (first != 0) calls.push(abi.encodeCall(IMilestoneEscrow.release, (terms, first, all)));
        if (first != 15) calls.push(abi.encodeCall(IMilestoneEscrow.release, (terms, 15 & ~first, all)));
        _same(whole, _outcomeOf(_oneByOne, 0), "law 9: two halves");
        delete calls;
        for (uint256 i = 0; i < MILESTONES; ++i) {
            Approval[] memory own = new Approval[](1);
            own[0] = signApproval(CLIENT_KEY, terms, uint64(1) << uint64(i), new uint16[](0));
            calls.push(abi.encodeCall(IMilestoneEscrow.release, (terms, uint64(1) << uint64(i), own)));
        }
        _same(whole, _outcomeOf(_backwards, 0), "law 9: one by one");
    }

    /// An approval of all and a release of all, of two halves, and of each; whatever was claimed, contested or asked
    /// back before.
    function testFuzz_approving_at_once_gains_nothing(
        uint256 amount,
        uint16[4] calldata claims,
        uint8[4] calldata kinds,
        uint8 cut
    ) public {
        _fund(amount);
        actor = client;
        for (uint8 i = 0; i < MILESTONES; ++i) {
            uint256 kind = kinds[i] % 5;
            if (kind == 1) _send(abi.encodeCall(IMilestoneEscrow.requestRefund, (terms, i, 0)));
            if (kind > 1) submit(terms, i, _claim(claims[i]));
            if (kind == 3) dispute(terms, i, 1 + _claim(claims[i]) / 2, client);
            if (kind == 4) dispute(terms, i, 1 + _claim(claims[i]) / 2, freelancer);
        }
        uint64 first = uint64(cut) & 15;
        _approveAndRelease(15);
        Outcome memory whole = _outcomeOf(_oneByOne, 0);
        delete calls;
        if (first != 0) _approveAndRelease(first);
        if (first != 15) _approveAndRelease(15 & ~first);
        _same(whole, _outcomeOf(_oneByOne, 0), "law 9: two halves");
        _same(whole, _outcomeOf(_inABatch, 0), "law 9: a batch");
        delete calls;
        for (uint64 i = 0; i < MILESTONES; ++i) {
            _approveAndRelease(uint64(1) << i);
        }
        _same(whole, _outcomeOf(_oneByOne, 0), "law 9: one by one");
    }

    function _approveAndRelease(uint64 set) private {
        calls.push(abi.encodeCall(IMilestoneEscrow.approve, (terms, set, new uint16[](0))));
        calls.push(abi.encodeCall(IMilestoneEscrow.release, (terms, set, new Approval[](0))));
    }

    function _setting(uint256 amount, uint16[4] calldata claims) private {
        _fund(amount);
        for (uint256 i = 0; i < MILESTONES; ++i) {
            submit(terms, uint8(i), _claim(claims[i]));
        }
    }

    function _fund(uint256 amount) private {
        uint256[] memory amounts = new uint256[](MILESTONES);
        for (uint256 i = 0; i < MILESTONES; ++i) {
            amounts[i] = 1 + (amount >> (8 * i)) % type(uint96).max;
        }
        terms = fixedPrice(amounts);
        fund(terms, 15);
    }

    function _claim(uint16 units) private pure returns (uint16) {
        return 1 + units % 10_000;
    }

    /// An act of the freelancer, who alone can do all of these, so that one batch can hold them.
    function _choose(uint8 i, uint256 fate, uint16 units) private {
        uint64 set = uint64(1) << i;
        if (fate == 0) {
            Approval[] memory own = new Approval[](1);
            own[0] = signApproval(CLIENT_KEY, terms, set, new uint16[](0));
            calls.push(abi.encodeCall(IMilestoneEscrow.release, (terms, set, own)));
        } else if (fate == 1) {
            calls.push(abi.encodeCall(IMilestoneEscrow.refund, (terms, set)));
        } else {
            calls.push(abi.encodeCall(IMilestoneEscrow.dispute, (terms, i, 1 + _claim(units) / 2, 0)));
        }
    }

    function _outcomeOf(function(uint8) internal act, uint8 order) private returns (Outcome memory outcome) {
        uint256 snapshot = vm.snapshotState();
        act(order);
        outcome = Outcome({
            payee: token.balanceOf(payee),
            client: token.balanceOf(client),
            escrow: token.balanceOf(address(escrow)),
            statuses: escrow.statusesOf(idOf(terms))
        });
        vm.revertToState(snapshot);
    }

    function _oneByOne(uint8) private {
        for (uint256 k = 0; k < calls.length; ++k) {
            _send(calls[k]);
        }
    }

    /// The same acts turned by `order`, last first.
    function _backwards(uint8 order) private {
        for (uint256 k = 0; k < calls.length; ++k) {
            _send(calls[(order + calls.length - k) % calls.length]);
        }
    }

    function _inABatch(uint8) private {
        _send(abi.encodeCall(escrow.multicall, (calls)));
    }

    function _send(bytes memory data) private {
        vm.prank(actor);
        (bool success,) = address(escrow).call(data);
        holds(success, "law 9: an act fails in this form");
    }

    function _same(Outcome memory a, Outcome memory b, string memory law) private pure {
        same(a.payee, b.payee, string.concat(law, ": the payee"));
        same(a.client, b.client, string.concat(law, ": the client"));
        same(a.escrow, b.escrow, string.concat(law, ": the escrow"));
        same(a.statuses, b.statuses, string.concat(law, ": the statuses"));
    }
}
