// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Terms} from "../../../contracts/types/EscrowTypes.sol";
import {JudgeWallet} from "../mocks/JudgeWallet.sol";
import {vm} from "../utils/Vm.sol";
import {ConsentTest} from "./ConsentTest.sol";

/// @title WrongLength
/// @notice A signature arrives cut, padded, empty or huge. The attacker hopes that a piece of one is read past its end,
/// that an empty one is nobody's objection, or that a wallet with code is shown other bytes than were sent.
///
/// A key's signature has 65 bytes and no other length counts. To a wallet with code the bytes go as they came, and it
/// alone judges them. Empty bytes at funding are no signature at all: the milestones wait as an offer.
contract WrongLength is ConsentTest {
    Terms private _terms;
    uint256[9] private _lengths = [uint256(0), 1, 63, 64, 65, 66, 96, 97, 50_000];

    function setUp() public override {
        super.setUp();
        _terms = fixedPrice(AMOUNT);
    }

    /// The signature itself, cut or followed by zeros.
    function test_a_keys_signature() public {
        Terms memory terms = _terms;
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < KINDS; ++k) {
            Kind kind = Kind(k);
            stage(kind, terms);
            bytes memory signature = signatureOf(kind, terms);
            for (uint256 n = 0; n < _lengths.length; ++n) {
                if (_lengths[n] == 65 || (_lengths[n] == 0 && kind == Kind.FundByClient)) continue;
                isInvalid(kind, terms, _resized(signature, _lengths[n]), "law 11: of another length");
            }
            succeeds(kind, terms, signature, "law 11: of 65 bytes");
            vm.revertToState(state);
        }
    }

    /// Cut behind the first 64 bytes, with the last one standing behind the end: calldata that is longer than it says.
    function test_a_byte_behind_the_end() public {
        Terms memory terms = _terms;
        stage(Kind.AcceptByStranger, terms);
        bytes memory signature = signTerms(FREELANCER_KEY, terms);
        bytes memory data = callOf(Kind.AcceptByStranger, terms, signature);
        // The length stands before the three words that hold 65 bytes.
        uint256 position = data.length - 4 * 32;
        uint256 length;
        assembly ("memory-safe") {
            length := mload(add(add(data, 0x20), position))
        }
        same(length, 65, "law 11: not the length that is changed");
        bytes memory error = signatureInvalid(freelancer, idOf(terms));
        uint256[3] memory told = [uint256(64), 66, 96];
        for (uint256 k = 0; k < told.length; ++k) {
            length = told[k];
            assembly ("memory-safe") {
                mstore(add(add(data, 0x20), position), length)
            }
            refuses(stranger, data, error, "law 11: a length that is not that of the bytes");
        }
        length = 97;
        assembly ("memory-safe") {
            mstore(add(add(data, 0x20), position), length)
        }
        refuses(stranger, data, "", "law 11: longer than the call");
    }

    function test_empty_at_funding_is_an_offer() public {
        Terms memory terms = _terms;
        vm.prank(client);
        escrow.fund(terms, 1, "");
        same(escrow.statusesOf(idOf(terms)), 1, "law 11: nobody has accepted");
        isInvalid(Kind.AcceptByStranger, terms, "", "law 11: nor by nothing");
        Books memory books = booksOf(terms);
        vm.prank(client);
        escrow.refund(terms, 1);
        paid(books, 0, AMOUNT, 0);
        sameBooks(booksOf(terms), books, "law 3: the client takes it back");
    }

    /// A wallet with code is shown exactly what was sent, of any length.
    function test_a_wallets_signature() public {
        Terms memory terms = _walletTerms();
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < KINDS; ++k) {
            Kind kind = Kind(k);
            JudgeWallet wallet = JudgeWallet(signerOf(kind, terms));
            stage(kind, terms);
            uint256 staged = vm.snapshotState();
            for (uint256 n = 0; n < _lengths.length; ++n) {
                if (_lengths[n] == 0 && kind == Kind.FundByClient) continue;
                bytes memory signature = _filled(_lengths[n]);
                wallet.expectExact(digestOf(kind, terms), signature);
                isInvalid(kind, terms, bytes.concat(signature, hex"00"), "law 11: one byte more");
                if (_lengths[n] > 1) {
                    isInvalid(kind, terms, _resized(signature, _lengths[n] - 1), "law 11: one byte less");
                }
                succeeds(kind, terms, signature, "law 11: what the wallet confirms");
                vm.revertToState(staged);
            }
            vm.revertToState(state);
        }
    }

    /// The length of a key's signature says nothing about a wallet: 65 bytes of its owner's key do not count by
    /// themselves.
    function test_a_keys_signature_for_a_wallet() public {
        Terms memory terms = _walletTerms();
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < KINDS; ++k) {
            Kind kind = Kind(k);
            stage(kind, terms);
            isInvalid(kind, terms, signatureOf(kind, terms), "law 11: not confirmed by the wallet");
            vm.revertToState(state);
        }
    }

    /// Both parties are wallets with code; they have confirmed nothing yet.
    function _walletTerms() private returns (Terms memory terms) {
        terms = _terms;
        terms.client = address(new JudgeWallet());
        terms.freelancer = address(new JudgeWallet());
        token.mint(terms.client, AMOUNT);
        vm.prank(terms.client);
        token.approve(address(escrow), AMOUNT);
    }

    function _resized(bytes memory data, uint256 length) private pure returns (bytes memory resized) {
        resized = new bytes(length);
        for (uint256 i = 0; i < length && i < data.length; ++i) {
            resized[i] = data[i];
        }
    }

    function _filled(uint256 length) private pure returns (bytes memory data) {
        data = new bytes(length);
        for (uint256 i = 0; i < length; i += 31) {
            data[i] = bytes1(uint8(i % 251 + 1));
        }
        if (length != 0) data[length - 1] = 0xff;
    }
}
