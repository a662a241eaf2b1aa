// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Authorization, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {JudgeWallet} from "../mocks/JudgeWallet.sol";
import {vm} from "../utils/Vm.sol";
import {ConsentTest} from "./ConsentTest.sol";

/// @title Malleable
/// @notice Anybody who sees a signature can write it in other forms over the same digest: with the other `s`, with a
/// recovery bit of 0 or 1, compact (ERC-2098), with `r` or `s` out of range. The attacker hopes that the second form
/// counts as a second signature, or that a broken one is taken for the signature of nobody, address zero.
///
/// Of a key's signatures one form counts: 65 bytes, the lower `s`, 27 or 28. A wallet with code may confirm the others;
/// that gains nothing, because what a signature did once is written in the status and not in a list of signatures.
contract Malleable is ConsentTest {
    uint256 private constant FORMS = 9;

    Terms private _terms;

    function setUp() public override {
        super.setUp();
        _terms = fixedPrice(AMOUNT);
    }

    function test_every_form_of_a_keys_signature() public {
        Terms memory terms = _terms;
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < KINDS; ++k) {
            Kind kind = Kind(k);
            stage(kind, terms);
            bytes memory signature = signatureOf(kind, terms);
            for (uint256 form = 0; form < FORMS; ++form) {
                isInvalid(kind, terms, _form(signature, form), "law 11: another form");
            }
            succeeds(kind, terms, signature, "law 11: the one form");
            vm.revertToState(state);
        }
    }

    /// The twin of a high `s` is right for the curve: it is refused for its form alone.
    function test_the_twin_is_of_the_same_key() public view {
        Terms memory terms = _terms;
        for (uint256 k = 0; k < KINDS; ++k) {
            bytes32 digest = digestOf(Kind(k), terms);
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf(Kind(k)), digest);
            bytes32 twin = bytes32(CURVE_ORDER - uint256(s));
            holds(uint256(s) < uint256(twin), "law 11: the lower of both counts");
            holds(ecrecover(digest, 55 - v, r, twin) == signerOf(Kind(k), terms), "law 11: not the twin");
        }
    }

    /// A wallet that confirms every form: each is carried, and after one of them none.
    function test_a_wallet_that_confirms_every_form() public {
        Terms memory terms = _walletTerms();
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < KINDS; ++k) {
            Kind kind = Kind(k);
            stage(kind, terms);
            uint256 staged = vm.snapshotState();
            bytes memory signature = signatureOf(kind, terms);
            bytes memory error = wrongStatus(idOf(terms), 0, endOf(kind));
            // The high s with its bit, the bit alone, and the compact form.
            for (uint256 form = 0; form < 3; ++form) {
                succeeds(kind, terms, _form(signature, form), "law 11: confirmed");
                fails(kind, terms, signature, error, "law 11: pays once, then the first form");
                for (uint256 other = 0; other < 3; ++other) {
                    fails(kind, terms, _form(signature, other), error, "law 11: pays once, whatever the form");
                }
                vm.revertToState(staged);
            }
            vm.revertToState(state);
        }
    }

    /// Two forms of one approval in one call are one approval.
    function test_two_forms_in_one_call() public {
        Terms memory terms = _walletTerms();
        stage(Kind.ReleaseByStranger, terms);
        bytes memory signature = signatureOf(Kind.ReleaseByStranger, terms);
        bytes[] memory calls = new bytes[](2);
        calls[0] = callOf(Kind.ReleaseByStranger, terms, signature);
        calls[1] = callOf(Kind.ReleaseByStranger, terms, _form(signature, 0));
        Books memory books = booksOf(terms);
        refuses(
            stranger,
            abi.encodeCall(escrow.multicall, (calls)),
            wrongStatus(idOf(terms), 0, Status.Paid),
            "law 4: the second form in a batch"
        );
        sameBooks(booksOf(terms), books, "law 4: nothing moved");
        succeeds(Kind.ReleaseByStranger, terms, signature, "law 3: paid once");
    }

    /// Broken signatures recover to address zero. Terms that name it as a party are never funded by one.
    function test_nobodys_signature() public {
        Terms memory terms = _terms;
        terms.freelancer = address(0);
        bytes memory broken = new bytes(65);
        broken[64] = 0x1b;
        (address recovered,,) = ECDSA.tryRecover(idOf(terms), broken);
        same(uint160(recovered), 0, "law 11: not the signature of nobody");
        isInvalid(Kind.FundByClient, terms, broken, "law 11: nobody's signature");
        fails(
            Kind.FundByClient,
            terms,
            "",
            abi.encodeWithSelector(IMilestoneEscrow.PartyMissing.selector, client, address(0)),
            "law 18: terms without a freelancer"
        );
    }

    /// An authorisation is judged by the token, which refuses the twin. Once one form has funded, the token is not asked.
    function test_an_authorisations_twin() public {
        Terms memory terms = _terms;
        Authorization memory authorization = authorize(terms, 1);
        Authorization memory twin = authorize(terms, 1);
        twin.s = bytes32(CURVE_ORDER - uint256(twin.s));
        twin.v = 55 - twin.v;
        Books memory books = booksOf(terms);
        refuses(
            stranger,
            abi.encodeCall(escrow.fundWithAuthorization, (terms, 1, "", twin)),
            abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureS.selector, twin.s),
            "law 11: the token refuses the twin"
        );
        sameBooks(booksOf(terms), books, "law 11: nothing moved");
        vm.prank(stranger);
        escrow.fundWithAuthorization(terms, 1, "", authorization);
        (books.client, books.escrow) = (books.client - AMOUNT, books.escrow + AMOUNT);
        sameBooks(booksOf(terms), books, "law 11: what was authorised");
        refuses(
            stranger,
            abi.encodeCall(escrow.fundWithAuthorization, (terms, 1, "", twin)),
            wrongStatus(idOf(terms), 0, Status.Offered),
            "law 11: after it, before the token is asked"
        );
    }

    /// Forms 0 to 2 are right for the curve, the others never.
    function _form(bytes memory signature, uint256 form) private pure returns (bytes memory) {
        bytes32 r;
        bytes32 s;
        uint8 v = uint8(signature[64]);
        assembly ("memory-safe") {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
        }
        bytes32 twin = bytes32(CURVE_ORDER - uint256(s));
        if (form == 0) return abi.encodePacked(r, twin, 55 - v);
        if (form == 1) return abi.encodePacked(r, s, v - 27);
        if (form == 2) return abi.encodePacked(r, s | bytes32(uint256(v - 27) << 255));
        if (form == 3) return abi.encodePacked(r, s, 55 - v);
        if (form == 4) return abi.encodePacked(r, s, uint8(29));
        if (form == 5) return abi.encodePacked(r, bytes32(uint256(s) ^ 1), v);
        if (form == 6) return abi.encodePacked(r, bytes32(0), v);
        if (form == 7) return abi.encodePacked(bytes32(0), s, v);
        return abi.encodePacked(s, r, v);
    }

    /// Both parties are wallets with code that confirm every form of their key's signature.
    function _walletTerms() private returns (Terms memory terms) {
        terms = _terms;
        JudgeWallet clientWallet = new JudgeWallet();
        JudgeWallet freelancerWallet = new JudgeWallet();
        clientWallet.expectAnyForm(client);
        freelancerWallet.expectAnyForm(freelancer);
        (terms.client, terms.freelancer) = (address(clientWallet), address(freelancerWallet));
        token.mint(terms.client, AMOUNT);
        vm.prank(terms.client);
        token.approve(address(escrow), AMOUNT);
    }
}
