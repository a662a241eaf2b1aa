// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";

import {Terms} from "../../../contracts/types/EscrowTypes.sol";
import {PlainToken} from "../mocks/LedgerToken.sol";
import {OddPermitToken, YesNoPermitToken} from "../mocks/OddPermitToken.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title TokenPermits
/// @notice A token's permits are of another form than the standard's, or it meets one by doing nothing, reverting,
/// using all the gas, answering with a megabyte, or by allowing somebody else or more. The attacker hopes that a
/// funding which brings a permit along fails for good, or that it succeeds without an allowance.
///
/// A permit that is refused is as none: the funding that follows asks the allowance, and takes the price by it, whoever
/// gave it and however large it is.
contract TokenPermits is AttackTest {
    OddPermitToken private _money;
    Terms private _terms;

    function setUp() public override {
        super.setUp();
        _money = new OddPermitToken();
        _terms = _priced(_money);
    }

    /// With an allowance given before, each of them funds; without one, none does.
    function test_permits_that_allow_nothing() public {
        OddPermitToken.Manner[6] memory manners = [
            OddPermitToken.Manner.Nothing,
            OddPermitToken.Manner.Revert,
            OddPermitToken.Manner.RevertBomb,
            OddPermitToken.Manner.BurnGas,
            OddPermitToken.Manner.ReturnBomb,
            OddPermitToken.Manner.Other
        ];
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < manners.length; ++k) {
            _money.setManner(manners[k]);
            _refused(_money, _terms);
            vm.prank(client);
            _money.approve(address(escrow), 1000);
            _funded(_money, _terms);
            vm.revertToState(state);
        }
    }

    /// The price is taken and no more; the rest of the allowance is of no use to anybody else.
    function test_a_permit_that_allows_more() public {
        _money.setManner(OddPermitToken.Manner.More);
        _money.mint(client, 5000);
        _funded(_money, _terms);
        same(_money.balanceOf(client), 5000, "law 1: the price and no more");
        Terms memory other = _terms;
        other.salt = bytes32(uint256(1));
        refuses(
            freelancer,
            abi.encodeCall(escrow.fund, (other, 1, "")),
            abi.encodeWithSignature("NotClient(address,address)", freelancer, client),
            "law 7: what is allowed is the client's to use"
        );
    }

    /// All or nothing, of a form that the escrow does not know: it is brought to the token itself.
    function test_a_permit_of_another_form() public {
        YesNoPermitToken money = new YesNoPermitToken();
        Terms memory terms = _priced(money);
        _refused(money, terms);
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(CLIENT_KEY, money.digestOf(client, address(escrow), 0, type(uint256).max, true));
        vm.prank(stranger);
        money.permit(client, address(escrow), 0, type(uint256).max, true, v, r, s);
        same(money.allowance(client, address(escrow)), type(uint256).max, "law 11: allowed at the token");
        _funded(money, terms);
    }

    function test_no_permits_at_all() public {
        PlainToken money = new PlainToken();
        Terms memory terms = _priced(money);
        _refused(money, terms);
        vm.prank(client);
        money.approve(address(escrow), 1000);
        _funded(money, terms);
    }

    /// A permit together with a funding, in one transaction on the strictest chain.
    function _batch(PlainToken money, Terms memory terms) private returns (bool success, bytes memory answer) {
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(escrow.permit, (address(money), 1000, type(uint256).max, 27, 0, 0));
        calls[1] = abi.encodeCall(escrow.fund, (terms, 1, ""));
        vm.prank(client);
        return address(escrow).call{gas: TRANSACTION_GAS}(abi.encodeCall(Multicall.multicall, (calls)));
    }

    function _refused(PlainToken money, Terms memory terms) private {
        Books memory books = booksOf(terms);
        (bool success, bytes memory answer) = _batch(money, terms);
        holds(!success, "law 1: funded without an allowance");
        sameBytes(answer, abi.encodeWithSignature("Panic(uint256)", 0x11), "law 1: the allowance is missing");
        sameBooks(booksOf(terms), books, "law 1: nothing moved");
        same(money.allowance(client, address(escrow)), 0, "law 11: nothing is allowed");
        same(escrow.statusesOf(idOf(terms)), 0, "law 1: nothing is funded");
    }

    function _funded(PlainToken money, Terms memory terms) private {
        Books memory books = booksOf(terms);
        (bool success, bytes memory answer) = _batch(money, terms);
        holds(success, string.concat("law 16: refused with ", vm.toString(answer)));
        (books.client, books.escrow) = (books.client - 1000, books.escrow + 1000);
        sameBooks(booksOf(terms), books, "law 1: the price came in");
        same(escrow.statusesOf(idOf(terms)), 1, "law 6: an offer");
    }

    function _priced(PlainToken money) private returns (Terms memory terms) {
        terms = fixedPrice(1000);
        terms.token = address(money);
        money.mint(client, 1000);
    }
}
