// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Approval, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {LedgerToken} from "../mocks/LedgerToken.sol";
import {EscrowTest} from "../utils/EscrowTest.sol";
import {vm} from "../utils/Vm.sol";

/// @title AttackTest
/// @notice What the attacks by tokens and recipients share: who has how much, and which call is refused with what.
abstract contract AttackTest is EscrowTest {
    /// What a block of the smallest common limit may use.
    uint256 internal constant BLOCK_GAS = 30_000_000;
    /// What one transaction may use where a chain bounds it (EIP-7825).
    uint256 internal constant TRANSACTION_GAS = 2 ** 24;

    /// Who holds how much of one token, and what is credited to whom.
    struct Books {
        uint256 escrow;
        uint256 client;
        uint256 payee;
        uint256 arbiter;
        uint256 clientCredit;
        uint256 payeeCredit;
        uint256 arbiterCredit;
    }

    function booksOf(Terms memory terms) internal view returns (Books memory) {
        return Books({
            escrow: holding(terms.token, address(escrow)),
            client: holding(terms.token, terms.client),
            payee: holding(terms.token, terms.payee),
            arbiter: holding(terms.token, terms.arbiter),
            clientCredit: escrow.credits(terms.token, terms.client),
            payeeCredit: escrow.credits(terms.token, terms.payee),
            arbiterCredit: escrow.credits(terms.token, terms.arbiter)
        });
    }

    function holding(address money, address owner) internal view returns (uint256) {
        return money == address(0) ? owner.balance : IERC20(money).balanceOf(owner);
    }

    function sameBooks(Books memory actual, Books memory expected, string memory law) internal pure {
        same(actual.escrow, expected.escrow, string.concat(law, ": what the escrow holds"));
        same(actual.client, expected.client, string.concat(law, ": what the client holds"));
        same(actual.payee, expected.payee, string.concat(law, ": what the payee holds"));
        same(actual.arbiter, expected.arbiter, string.concat(law, ": what the arbiter holds"));
        same(actual.clientCredit, expected.clientCredit, string.concat(law, ": what the client is credited"));
        same(actual.payeeCredit, expected.payeeCredit, string.concat(law, ": what the payee is credited"));
        same(actual.arbiterCredit, expected.arbiterCredit, string.concat(law, ": what the arbiter is credited"));
    }

    /// Expects that the money in `books` left the escrow in these parts.
    function paid(Books memory books, uint256 toPayee, uint256 toClient, uint256 toArbiter) internal pure {
        books.escrow -= toPayee + toClient + toArbiter;
        books.payee += toPayee;
        books.client += toClient;
        books.arbiter += toArbiter;
    }

    /// Sends `data` to the escrow and expects exactly `error`.
    function refuses(address by, bytes memory data, bytes memory error, string memory law) internal {
        refuses(by, 0, data, error, law);
    }

    function refuses(address by, uint256 value, bytes memory data, bytes memory error, string memory law) internal {
        vm.prank(by);
        (bool success, bytes memory answer) = address(escrow).call{value: value}(data);
        holds(!success, string.concat(law, ": the call was not refused"));
        sameBytes(answer, error, law);
    }

    function sameBytes(bytes memory actual, bytes memory expected, string memory law) internal pure {
        if (keccak256(actual) == keccak256(expected)) return;
        same(actual.length, expected.length, string.concat(law, ": length of the answer"));
        revert(string.concat(law, ": ", vm.toString(actual), ", expected ", vm.toString(expected)));
    }

    /// A fixed price in `money`, for which the client has what it takes.
    function dealIn(LedgerToken money, uint256 amount) internal returns (Terms memory terms) {
        terms = fixedPrice(amount);
        terms.token = address(money);
        money.mint(client, amount);
        vm.prank(client);
        money.approve(address(escrow), type(uint256).max);
    }

    /// Pays out milestone 0 by the client's approval of the whole.
    function releaseAll(Terms memory terms) internal {
        Approval[] memory approvals = new Approval[](1);
        approvals[0].milestones = 1;
        vm.prank(terms.client);
        escrow.release(terms, 1, approvals);
    }

    function noApprovals() internal pure returns (Approval[] memory) {
        return new Approval[](0);
    }

    function withdraw(address by, address money, address owner, address to) internal {
        vm.prank(by);
        escrow.withdraw(money, owner, to);
    }

    function nothingToWithdraw(address money, address owner) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.NothingToWithdraw.selector, money, owner);
    }

    function notExact(address money, uint256 before, uint256 later, uint256 amount)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(IMilestoneEscrow.TransferNotExact.selector, money, before, later, amount);
    }

    function oneByOne(uint256 n, uint256 amount) internal pure returns (uint256[] memory amounts) {
        amounts = new uint256[](n);
        for (uint256 i = 0; i < n; ++i) {
            amounts[i] = amount;
        }
    }
}
