// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Amendment, Approval, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title BlockGasLimit
/// @notice A party makes an agreement as large as it can be, sixty-four milestones, gives each its own clock, claim and
/// dispute, and hopes that some act over all of them no longer fits into a block, so that money stays where it is; or
/// that the acts over single ones cost more than the other side can spend.
///
/// Every act over all sixty-four fits into the gas of a single transaction on the strictest chain (EIP-7825), with the
/// contract's and the token's storage cold and the price of the data at its highest. An act over all of them takes less
/// than a fifth of it, also where both payouts are refused and written as credits.
contract BlockGasLimit is AttackTest {
    uint64 private constant ALL = type(uint64).max;
    uint256 private constant TRANSACTION_BASE = 21_000;
    /// The most that a byte of data costs (EIP-7623).
    uint256 private constant BYTE_GAS = 40;
    /// The margin: a fifth of a transaction for any act over all milestones, a fiftieth for one over one.
    uint256 private constant ONE_ACT = TRANSACTION_GAS / 5;
    uint256 private constant ONE_MILESTONE = TRANSACTION_GAS / 50;

    Terms private _terms;

    function setUp() public override {
        super.setUp();
        uint256[] memory amounts = new uint256[](64);
        for (uint256 i = 0; i < 64; ++i) {
            amounts[i] = type(uint128).max - i;
        }
        _terms = fixedPrice(amounts);
    }

    function test_fund_all() public {
        _fits(client, abi.encodeCall(escrow.fund, (_terms, ALL, signTerms(FREELANCER_KEY, _terms))), ONE_ACT);
        same(escrow.statusesOf(idOf(_terms)), _statuses(Status.Active), "law 6: all are funded");
        same(token.balanceOf(address(escrow)), _sum(), "law 1: the sum came in");
    }

    function test_accept_all() public {
        vm.prank(client);
        escrow.fund(_terms, ALL, "");
        bytes memory acceptance = signTerms(FREELANCER_KEY, _terms);
        _fits(stranger, abi.encodeCall(escrow.accept, (_terms, ALL, acceptance)), ONE_ACT);
        same(escrow.statusesOf(idOf(_terms)), _statuses(Status.Active), "law 6: all are accepted");
    }

    function test_approve_all_claims() public {
        _submitted();
        uint16[] memory units = new uint16[](64);
        for (uint256 i = 0; i < 64; ++i) {
            units[i] = 10_000;
        }
        _fits(client, abi.encodeCall(escrow.approve, (_terms, ALL, units)), ONE_ACT);
        // The last one claims the whole.
        uint256 statuses = _statuses(Status.PartlyApproved) >> 4 | uint256(Status.Approved) << 252;
        same(escrow.statusesOf(idOf(_terms)), statuses, "law 6: all are approved");
    }

    function test_release_all_late_claims() public {
        uint256 toFreelancer = _submitted();
        vm.warp(block.timestamp + _terms.reviewPeriod);
        _releasedAll(noApprovals(), toFreelancer);
    }

    /// Each by an approval of its own, in the order that makes the most work, and both payouts refused.
    function test_release_all_by_sixty_four_approvals() public {
        uint256 toFreelancer = _submitted();
        Approval[] memory approvals = new Approval[](64);
        for (uint256 i = 0; i < 64; ++i) {
            uint16[] memory units = new uint16[](1);
            units[0] = uint16(10_000 - i);
            approvals[i] = signApproval(CLIENT_KEY, _terms, uint64(1) << uint64(63 - i), units);
        }
        token.setDenied(payee, true);
        token.setDenied(client, true);
        Books memory books = booksOf(_terms);
        _fits(stranger, abi.encodeCall(escrow.release, (_terms, ALL, approvals)), ONE_ACT);
        books.payeeCredit = toFreelancer;
        books.clientCredit = _sum() - toFreelancer;
        sameBooks(booksOf(_terms), books, "law 13: both are credited");
    }

    /// What was disputed of each is disputed at its own time.
    function test_refund_all_disputes() public {
        uint256 paidOut = _disputed();
        Books memory books = booksOf(_terms);
        _fits(freelancer, abi.encodeCall(escrow.refund, (_terms, ALL)), ONE_ACT);
        paid(books, 0, _sum() - paidOut, 0);
        sameBooks(booksOf(_terms), books, "law 3: what was open");
        same(books.escrow, 0, "law 1: nothing is left");
    }

    function test_release_all_disputes_by_one_approval() public {
        uint256 paidOut = _disputed();
        Approval[] memory approvals = new Approval[](1);
        approvals[0] = signApproval(CLIENT_KEY, _terms, ALL, new uint16[](0));
        Books memory books = booksOf(_terms);
        _fits(stranger, abi.encodeCall(escrow.release, (_terms, ALL, approvals)), ONE_ACT);
        paid(books, _sum() - paidOut, 0, 0);
        sameBooks(booksOf(_terms), books, "law 3: what was open");
        same(books.escrow, 0, "law 1: nothing is left");
    }

    /// Sixty-four divisions of disputed milestones, and sixty-four new ones.
    function test_amend_all_disputes() public {
        uint256 paidOut = _disputed();
        Terms memory replacement = _terms;
        replacement.salt = bytes32(uint256(1));
        Amendment memory amendment;
        amendment.divisions = new Division[](64);
        for (uint256 i = 0; i < 64; ++i) {
            uint256 open = escrow.milestoneAt(_terms, uint8(i), 0).open;
            amendment.divisions[i] = Division(uint8(i), 1, open - 1);
        }
        amendment.funded = ALL;
        amendment.expiresAt = type(uint40).max;
        amendment.signature = signAmendment(FREELANCER_KEY, _terms, replacement, amendment);

        Books memory books = booksOf(_terms);
        _fits(client, abi.encodeCall(escrow.amend, (_terms, replacement, amendment)), ONE_ACT);
        paid(books, 64, 0, 0);
        // What was paid out already, and one unit of each, is missing.
        books.escrow = _sum();
        books.client -= paidOut + 64;
        sameBooks(booksOf(_terms), books, "law 1: the difference came in");
        same(escrow.statusesOf(idOf(_terms)), _statuses(Status.Split), "law 5: all are divided");
        same(escrow.statusesOf(idOf(replacement)), _statuses(Status.Active), "law 6: all are funded anew");
    }

    /// Each dispute lapses by itself, for no more than the first.
    function test_lapse_each() public {
        _disputed();
        vm.warp(block.timestamp + _terms.rulingPeriod);
        for (uint256 i = 0; i < 64; ++i) {
            _fits(stranger, abi.encodeCall(escrow.lapse, (_terms, uint8(i))), ONE_MILESTONE);
        }
        same(escrow.statusesOf(idOf(_terms)), _statuses(Status.Split), "law 16: all have ended");
        same(token.balanceOf(address(escrow)), 0, "law 1: nothing is left");
    }

    /// All sixty-four lapses in one batch, over the same terms each.
    function test_lapse_all_in_a_batch() public {
        _disputed();
        vm.warp(block.timestamp + _terms.rulingPeriod);
        bytes[] memory calls = new bytes[](64);
        for (uint256 i = 0; i < 64; ++i) {
            calls[i] = abi.encodeCall(escrow.lapse, (_terms, uint8(i)));
        }
        _fits(stranger, abi.encodeCall(escrow.multicall, (calls)), TRANSACTION_GAS);
        same(escrow.statusesOf(idOf(_terms)), _statuses(Status.Split), "law 16: all have ended");
        same(token.balanceOf(address(escrow)), 0, "law 1: nothing is left");
    }

    /// Sends `data` with the contract and the token cold and expects that the transaction costs less than `most`.
    function _fits(address by, bytes memory data, uint256 most) private {
        vm.cool(address(escrow));
        vm.cool(address(token));
        uint256 before = TRANSACTION_BASE + BYTE_GAS * data.length;
        vm.prank(by);
        uint256 gasBefore = gasleft();
        (bool success,) = address(escrow).call{gas: TRANSACTION_GAS}(data);
        uint256 used = before + gasBefore - gasleft();
        holds(success, "law 16: it does not fit into a transaction");
        holds(used < most, string.concat("law 16: gas of the transaction: ", vm.toString(used)));
    }

    /// Submits each at its own second, for its own part. Returns what the claims are worth.
    function _submitted() private returns (uint256 worth) {
        fund(_terms, ALL);
        for (uint256 i = 0; i < 64; ++i) {
            vm.warp(BEGIN + i);
            uint16 units = uint16(9937 + i);
            submit(_terms, uint8(i), units);
            worth += _terms.amounts[i] * units / WHOLE;
        }
    }

    /// Disputes each at its own second, for its own part. Returns what has left.
    function _disputed() private returns (uint256 left) {
        _submitted();
        for (uint256 i = 0; i < 64; ++i) {
            vm.warp(BEGIN + 64 + i);
            dispute(_terms, uint8(i), uint16(5000 + i), i % 2 == 0 ? client : freelancer);
        }
        return _sum() - token.balanceOf(address(escrow));
    }

    function _releasedAll(Approval[] memory approvals, uint256 toFreelancer) private {
        Books memory books = booksOf(_terms);
        _fits(stranger, abi.encodeCall(escrow.release, (_terms, ALL, approvals)), ONE_ACT);
        paid(books, toFreelancer, _sum() - toFreelancer, 0);
        sameBooks(booksOf(_terms), books, "law 3: as claimed");
        same(books.escrow, 0, "law 1: nothing is left");
    }

    function _sum() private view returns (uint256) {
        return sumOf(_terms, ALL);
    }

    function _statuses(Status status) private pure returns (uint256 statuses) {
        for (uint256 i = 0; i < 64; ++i) {
            statuses = statuses << 4 | uint8(status);
        }
    }
}
