// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Amendment, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {AllActs} from "./AllActs.sol";

/// @title ValueReused
/// @notice In a batch every call sees the same value. The attacker funds twice with it and brings it once; or sends coin
/// along with an act that has no use for it, so that it lies in the escrow to be counted as somebody's; or funds for
/// less than the price with what lies there.
///
/// A batch takes no coin at all, so a call in one sees none. An act that needs coin takes exactly its price, every other
/// refuses coin, and the contract has no way of being sent any.
contract ValueReused is AllActs {
    uint256 private constant FUND = 0;
    uint256 private constant AMEND = 14;

    Terms private _coin;
    Terms private _second;

    function setUp() public override {
        super.setUp();
        _coin = inCoin(fixedPrice(oneByOne(3, 1000)));
        _second = _coin;
        _second.salt = bytes32(uint256(1));
    }

    /// Two fundings in one batch, with the value of both, of one, and of none.
    function test_fundings_in_a_batch() public {
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(escrow.fund, (_coin, 1, ""));
        calls[1] = abi.encodeCall(escrow.fund, (_second, 1, ""));
        bytes memory data = abi.encodeCall(Multicall.multicall, (calls));
        refuses(client, 2000, data, "", "law 1: a batch with value");
        refuses(client, 1000, data, "", "law 1: a batch with value");
        refuses(client, 1, data, "", "law 1: a batch with value");
        refuses(client, 0, data, _mismatch(0, 1000), "law 1: a batch without");
        _isEmpty();
    }

    /// Where other agreements' coin lies there already, it funds nobody's.
    function test_fundings_in_a_batch_over_others_money() public {
        fund(_second, 7);
        refuses(
            client, 0, batch(abi.encodeCall(escrow.fund, (_coin, 1, ""))), _mismatch(0, 1000), "law 1: others' money"
        );
        refuses(
            client,
            0,
            batch(batch(abi.encodeCall(escrow.fund, (_coin, 1, "")))),
            _mismatch(0, 1000),
            "law 1: others' money"
        );
        same(address(escrow).balance, 3000, "law 8: the others' money");
        same(escrow.statusesOf(idOf(_coin)), 0, "law 1: nothing is funded");
    }

    function test_every_other_value_than_the_price() public {
        uint256[6] memory values = [uint256(0), 1, 999, 1001, 2000, 3000];
        for (uint256 k = 0; k < values.length; ++k) {
            refuses(
                client,
                values[k],
                abi.encodeCall(escrow.fund, (_coin, 2, "")),
                _mismatch(values[k], 1000),
                "law 1: another value than the price"
            );
        }
        _isEmpty();
    }

    /// Coin sent with an agreement in a token is refused, even the price itself.
    function test_value_with_a_token() public {
        Terms memory terms = fixedPrice(1000);
        bytes memory data = abi.encodeCall(escrow.fund, (terms, 1, ""));
        refuses(client, 1000, data, _mismatch(1000, 0), "law 1: coin for a token");
        refuses(client, 1, data, _mismatch(1, 0), "law 1: coin for a token");
        _isEmpty();
        same(token.balanceOf(address(escrow)), 0, "law 1: no token came in");
    }

    /// Of all acts only those that may need coin take any; all the others refuse it without an answer, in a batch all.
    function test_value_with_any_other_act() public {
        fund(_coin, 1);
        for (uint256 k = 0; k < ATTEMPTS; ++k) {
            if (k == FUND || k == AMEND) continue;
            refuses(client, 1, act(_coin, k), "", "law 1: coin with an act that has no use for it");
        }
        refuses(client, 1, "", "", "law 1: coin without an act");
        refuses(client, 1, hex"deadbeef", "", "law 1: coin with an act that is none");
        same(address(escrow).balance, 1000, "law 1: nothing lies there besides");
    }

    /// An amendment takes exactly what is missing: none where nothing is, and none in a batch.
    function test_value_with_an_amendment() public {
        fund(_coin, 1);
        bytes memory more = _amend(1500);
        uint256[4] memory values = [uint256(0), 499, 501, 1500];
        for (uint256 k = 0; k < values.length; ++k) {
            refuses(client, values[k], more, _mismatch(values[k], 500), "law 1: another value than what is missing");
        }
        refuses(client, 500, batch(more), "", "law 1: a batch with value");
        refuses(client, 0, batch(more), _mismatch(0, 500), "law 1: a batch without");
        refuses(client, 1, _amend(1000), _mismatch(1, 0), "law 1: where nothing is missing");
        refuses(client, 1, _amend(400), _mismatch(1, 0), "law 1: where something is left");

        Books memory books = booksOf(_coin);
        vm.prank(client);
        (bool success,) = address(escrow).call{value: 500}(more);
        holds(success, "law 1: what is missing");
        books.client -= 500;
        books.escrow += 500;
        sameBooks(booksOf(_coin), books, "law 1");
    }

    /// An amendment that frees more than it needs gives it back, once, also twice in a batch.
    function test_amendments_in_a_batch() public {
        fund(_coin, 1);
        bytes[] memory calls = new bytes[](2);
        calls[0] = _amend(400);
        calls[1] = _amend(400);
        bytes memory ended =
            abi.encodeWithSelector(IMilestoneEscrow.WrongStatus.selector, idOf(_coin), 0, Status.Refunded);
        refuses(client, 0, abi.encodeCall(Multicall.multicall, (calls)), ended, "law 3: freed twice");
        same(address(escrow).balance, 1000, "law 1: as it was");

        Books memory books = booksOf(_coin);
        vm.prank(client);
        (bool success,) = address(escrow).call(batch(calls[0]));
        holds(success, "law 9: once, in a batch");
        paid(books, 0, 600, 0);
        sameBooks(booksOf(_coin), books, "law 3");
    }

    /// Ends milestone 0 with all to the client and funds `amount` of new terms.
    function _amend(uint256 amount) private view returns (bytes memory) {
        Terms memory replacement = _coin;
        replacement.amounts = oneByOne(1, amount);
        Amendment memory amendment;
        amendment.divisions = new Division[](1);
        amendment.divisions[0] = Division(0, 0, 1000);
        amendment.funded = 1;
        amendment.expiresAt = type(uint40).max;
        amendment.signature = signAmendment(FREELANCER_KEY, _coin, replacement, amendment);
        return abi.encodeCall(escrow.amend, (_coin, replacement, amendment));
    }

    function _isEmpty() private view {
        same(address(escrow).balance, 0, "law 1: no coin came in");
        same(escrow.statusesOf(idOf(_coin)), 0, "law 1: nothing is funded");
        same(escrow.statusesOf(idOf(_second)), 0, "law 1: nothing is funded");
    }

    function _mismatch(uint256 given, uint256 required) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.ValueMismatch.selector, given, required);
    }
}
