// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {HostileWallet} from "../../../contracts/mocks/HostileWallet.sol";
import {Amendment, Authorization, Division, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {CoreTest} from "./CoreTest.sol";

/// @title OneActAtATimeTest
/// @notice Every act is refused while a payout of another is under way.
contract OneActAtATimeTest is CoreTest {
    HostileWallet private wallet;
    Terms private outer;

    function setUp() public override {
        super.setUp();
        wallet = new HostileWallet();
        Terms memory terms = inCoin(fixedPrice(oddAmounts(64)));
        terms.payee = address(wallet);
        fund(terms, type(uint64).max);
        approve(terms, type(uint64).max, new uint16[](0));
        outer = terms;
    }

    function testEveryActIsRefusedDuringAPayout() public {
        Terms memory terms = fixedPrice(1);
        Authorization memory authorization;
        Amendment memory amendment;
        uint64 bit = 1;
        _isRefused(bit, abi.encodeCall(escrow.fund, (terms, 1, NONE)));
        _isRefused(bit <<= 1, abi.encodeCall(escrow.fundWithAuthorization, (terms, 1, NONE, authorization)));
        _isRefused(bit <<= 1, abi.encodeCall(escrow.permit, (address(token), 1, 1, 1, 0, 0)));
        _isRefused(bit <<= 1, abi.encodeCall(escrow.accept, (terms, 1, NONE)));
        _isRefused(bit <<= 1, abi.encodeCall(escrow.submit, (terms, 0, 1, 0)));
        _isRefused(bit <<= 1, abi.encodeCall(escrow.requestChanges, (terms, 0, 0)));
        _isRefused(bit <<= 1, abi.encodeCall(escrow.requestRefund, (terms, 0, 0)));
        _isRefused(bit <<= 1, abi.encodeCall(escrow.approve, (terms, 1, new uint16[](0))));
        _isRefused(bit <<= 1, abi.encodeCall(escrow.release, (terms, 1, approvals())));
        _isRefused(bit <<= 1, abi.encodeCall(escrow.refund, (terms, 1)));
        _isRefused(bit <<= 1, abi.encodeCall(escrow.dispute, (terms, 0, 1, 0)));
        _isRefused(bit <<= 1, abi.encodeCall(escrow.rule, (terms, 0, 1, 0)));
        _isRefused(bit <<= 1, abi.encodeCall(escrow.lapse, (terms, 0)));
        _isRefused(bit <<= 1, abi.encodeCall(escrow.settle, (terms, Division(0, 0, 1), 1, NONE)));
        _isRefused(bit <<= 1, abi.encodeCall(escrow.amend, (terms, terms, amendment)));
        _isRefused(bit <<= 1, abi.encodeCall(escrow.withdraw, (address(0), payee, payee)));
    }

    function _isRefused(uint64 milestone, bytes memory act) private {
        wallet.setManner(HostileWallet.Manner.Reenter, address(escrow), act);
        Terms memory terms = outer;
        uint256 held = address(wallet).balance;
        release(terms, milestone);
        holds(
            keccak256(wallet.answer())
                == keccak256(abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)),
            "law 14: no act is entered while another runs"
        );
        same(address(wallet).balance - held, sumOf(terms, milestone), "law 14: the payout is delivered once");
    }
}
