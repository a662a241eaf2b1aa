// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {CoreTest} from "./CoreTest.sol";

/// @title PermitTest
/// @notice `permit`: an allowance by signature, for a funding in the same call.
contract PermitTest is CoreTest {
    bytes32 private constant PERMIT_TYPE =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    function testAllowsWhatTheCallerSigned() public {
        (uint8 v, bytes32 r, bytes32 s) = _sign(STRANGER_KEY, 1_000_003, BEGIN);
        vm.prank(stranger);
        escrow.permit(address(token), 1_000_003, BEGIN, v, r, s);
        same(token.allowance(stranger, address(escrow)), 1_000_003, "law 11: what the permit names");
    }

    function testARefusedPermitStopsNobody() public {
        (uint8 v, bytes32 r, bytes32 s) = _sign(STRANGER_KEY, 1_000_003, BEGIN);
        token.permit(stranger, address(escrow), 1_000_003, BEGIN, v, r, s);
        vm.prank(stranger);
        escrow.permit(address(token), 1_000_003, BEGIN, v, r, s);
        same(token.allowance(stranger, address(escrow)), 1_000_003, "law 11: a permit that somebody else sent first");
    }

    function testNobodysPermitButTheCallers() public {
        (uint8 v, bytes32 r, bytes32 s) = _sign(STRANGER_KEY, 1_000_003, BEGIN);
        vm.prank(freelancer);
        escrow.permit(address(token), 1_000_003, BEGIN, v, r, s);
        same(token.allowance(stranger, address(escrow)), 0, "law 11: a permit counts for who calls");
        same(token.allowance(freelancer, address(escrow)), 0, "law 11: and for who signed");
    }

    function testNoPermitWhereThereIsNoToken() public {
        refused(client, abi.encodeCall(escrow.permit, (payee, 1, BEGIN, 27, 0, 0)), NONE);
    }

    function testOneCallPermitsAndFunds() public {
        token.mint(stranger, 1_000_003);
        Terms memory terms = fixedPrice(1_000_003);
        terms.client = stranger;
        (uint8 v, bytes32 r, bytes32 s) = _sign(STRANGER_KEY, 1_000_003, BEGIN);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(escrow.permit, (address(token), 1_000_003, BEGIN, v, r, s));
        calls[1] = abi.encodeCall(escrow.fund, (terms, 1, signTerms(FREELANCER_KEY, terms)));
        vm.prank(stranger);
        escrow.multicall(calls);
        statusesAre(terms, 2);
        same(token.balanceOf(stranger), 0, "law 1: the client paid");
    }

    function _sign(uint256 key, uint256 value, uint256 deadline) private view returns (uint8, bytes32, bytes32) {
        address owner = vm.addr(key);
        bytes32 message =
            keccak256(abi.encode(PERMIT_TYPE, owner, address(escrow), value, token.nonces(owner), deadline));
        return vm.sign(key, keccak256(abi.encodePacked("\x19\x01", token.DOMAIN_SEPARATOR(), message)));
    }
}
