// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {MilestoneView, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {OddNameToken} from "../mocks/OddNameToken.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title TokenNames
/// @notice A token's name is 32 bytes instead of text, or text that means something else to whoever prints it; its
/// symbol uses up the gas of who asks, its decimals are no small number, its supply is not told. The attacker hopes
/// that an act or a view asks and fails.
///
/// The escrow asks a token for balances and transfers alone, so every act and every view is what it is with any other.
contract TokenNames is AttackTest {
    /// Too little to ask the symbol and go on.
    uint256 private constant ACT_GAS = 500_000;

    function test_from_the_funding_to_the_last_payout() public {
        OddNameToken money = new OddNameToken();
        (bool success,) = address(money).staticcall{gas: ACT_GAS}(abi.encodeCall(money.symbol, ()));
        holds(!success, "the symbol can be asked");
        Terms memory terms = dealIn(money, 1000);
        terms.amounts = oneByOne(1, 1000);
        Books memory books = booksOf(terms);
        bytes memory acceptance = signTerms(FREELANCER_KEY, terms);
        vm.prank(client);
        escrow.fund{gas: ACT_GAS}(terms, 1, acceptance);
        vm.prank(freelancer);
        escrow.submit{gas: ACT_GAS}(terms, 0, 7000, 0);
        vm.prank(client);
        escrow.dispute{gas: ACT_GAS}(terms, 0, 4000, 0);
        MilestoneView memory v = escrow.milestoneAt{gas: ACT_GAS}(terms, 0, uint40(block.timestamp));
        same(v.open, 400, "law 15: what is open");
        (bytes32 agreement, MilestoneView[] memory all) =
            escrow.agreementAt{gas: ACT_GAS}(terms, uint40(block.timestamp));
        holds(agreement == idOf(terms), "law 18: its id");
        same(all[0].open, 400, "law 15: what is open");
        vm.prank(arbiter);
        escrow.rule{gas: ACT_GAS}(terms, 0, 100, 0);
        // 300 conceded, 300 not claimed; of 400 the arbiter has 20 and the client 280.
        books.client -= 1000;
        books.escrow += 1000;
        paid(books, 400, 580, 20);
        sameBooks(booksOf(terms), books, "law 3");
        same(books.escrow, 0, "law 1: nothing is left");
        same(uint8(statusOf(terms, 0)), uint8(Status.Split), "law 5");
    }
}
