// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {LyingWallet} from "../mocks/LyingWallet.sol";
import {vm} from "../utils/Vm.sol";
import {AllActs} from "./AllActs.sol";
import {ConsentTest} from "./ConsentTest.sol";

/// @title Erc1271
/// @notice A party is a wallet with code, and its code decides what its signature is (ERC-1271). It answers with almost
/// the magic value, confirms everything, reverts, burns the gas, answers with a megabyte, calls back into the escrow, or
/// takes back what it has confirmed. The attacker hopes to bind the other party, to act twice, or to stop an act that
/// does not need it.
///
/// Only the exact word counts, only for that wallet, at the moment it is asked, in a call that cannot write. What was
/// once recorded stays recorded. Where a key's signature is right, the code is not asked.
contract Erc1271 is AllActs, ConsentTest {
    Terms private _terms;
    LyingWallet private _client;
    LyingWallet private _freelancer;

    function setUp() public override {
        super.setUp();
        _client = new LyingWallet();
        _freelancer = new LyingWallet();
        Terms memory terms = fixedPrice(oneByOne(2, AMOUNT));
        (terms.client, terms.freelancer) = (address(_client), address(_freelancer));
        token.mint(terms.client, 10 * AMOUNT);
        vm.prank(terms.client);
        token.approve(address(escrow), type(uint256).max);
        _terms = terms;
    }

    /// Everything but the magic value in a whole word, without a revert, is no.
    function test_answers_that_are_not_quite_yes() public {
        Terms memory terms = _terms;
        LyingWallet.Manner[11] memory manners = [
            LyingWallet.Manner.Deny,
            LyingWallet.Manner.True,
            LyingWallet.Manner.WrongEnd,
            LyingWallet.Manner.DirtyWord,
            LyingWallet.Manner.FourBytes,
            LyingWallet.Manner.ShortWord,
            LyingWallet.Manner.Nothing,
            LyingWallet.Manner.Revert,
            LyingWallet.Manner.RevertMagic,
            LyingWallet.Manner.DenyBomb,
            LyingWallet.Manner.RevertBomb
        ];
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < KINDS; ++k) {
            Kind kind = Kind(k);
            stage(kind, terms);
            for (uint256 m = 0; m < manners.length; ++m) {
                LyingWallet(signerOf(kind, terms)).setManner(manners[m]);
                isInvalid(kind, terms, hex"01", "law 11: not the magic value");
            }
            LyingWallet(signerOf(kind, terms)).setManner(LyingWallet.Manner.Confirm);
            succeeds(kind, terms, hex"01", "law 11: the magic value");
            vm.revertToState(state);
        }
    }

    /// Two wallets, one of which confirms everything: it signs for itself alone.
    function test_one_that_confirms_everything_binds_nobody_else() public {
        Terms memory terms = _terms;
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < KINDS; ++k) {
            Kind kind = Kind(k);
            stage(kind, terms);
            LyingWallet signer = LyingWallet(signerOf(kind, terms));
            LyingWallet other = address(signer) == terms.client ? _freelancer : _client;
            other.setManner(LyingWallet.Manner.Confirm);
            signer.setManner(LyingWallet.Manner.Deny);
            isInvalid(kind, terms, hex"01", "law 11: of the other party");
            vm.revertToState(state);
        }
    }

    /// What it confirms for everybody, anybody may claim: it pays for that with its own money, once.
    function test_one_that_confirms_everything_loses_its_own() public {
        Terms memory terms = _terms;
        stage(Kind.ReleaseByStranger, terms);
        succeeds(Kind.ReleaseByStranger, terms, "", "law 11: the client's own approval, by its own code");
        fails(
            Kind.ReleaseByStranger,
            terms,
            "",
            wrongStatus(idOf(terms), 0, Status.Paid),
            "law 3: and not for a second time"
        );
        same(token.balanceOf(terms.client), 9 * AMOUNT, "law 11: no more than it has funded");
    }

    /// The escrow asks again each time. Until it is carried, a wallet's approval is worth what its code says; the clock
    /// of a claim runs without it.
    function test_one_that_changes_its_mind_before() public {
        Terms memory terms = _terms;
        stage(Kind.ReleaseByStranger, terms);
        vm.prank(terms.freelancer);
        escrow.submit(terms, 0, 10_000, 0);
        uint256 state = vm.snapshotState();
        succeeds(Kind.ReleaseByStranger, terms, "", "law 11: while it confirms");
        vm.revertToState(state);
        _client.setManner(LyingWallet.Manner.Deny);
        isInvalid(Kind.ReleaseByStranger, terms, "", "law 11: while it does not");

        vm.warp(BEGIN + terms.reviewPeriod);
        Books memory books = booksOf(terms);
        vm.prank(stranger);
        escrow.release(terms, 1, noApprovals());
        paid(books, AMOUNT, 0, 0);
        sameBooks(booksOf(terms), books, "law 16: the claim is paid all the same");
    }

    /// What was recorded while it confirmed, or sent as a transaction, cannot be taken back.
    function test_one_that_changes_its_mind_after() public {
        Terms memory terms = _terms;
        vm.prank(terms.client);
        escrow.fund(terms, 1, "accepted");
        _freelancer.setManner(LyingWallet.Manner.Deny);
        same(escrow.statusesOf(idOf(terms)), 2, "law 11: accepted");
        refuses(
            terms.client,
            abi.encodeCall(escrow.refund, (terms, 1)),
            notFreelancer(terms.client, terms),
            "law 6: an offer no more"
        );

        vm.prank(terms.client);
        escrow.approve(terms, 1, new uint16[](0));
        _client.setManner(LyingWallet.Manner.Deny);
        Books memory books = booksOf(terms);
        vm.prank(stranger);
        escrow.release(terms, 1, noApprovals());
        paid(books, AMOUNT, 0, 0);
        sameBooks(booksOf(terms), books, "law 12: approved by a call");
    }

    /// A wallet that is gone confirms nothing, and what waits for it ends by its clock.
    function test_one_that_is_gone() public {
        Terms memory terms = _terms;
        stage(Kind.ReleaseByStranger, terms);
        vm.etch(terms.client, "");
        isInvalid(Kind.ReleaseByStranger, terms, "", "law 11: no code, no key");
        vm.prank(terms.freelancer);
        escrow.submit(terms, 0, 10_000, 0);
        vm.warp(BEGIN + terms.reviewPeriod);
        Books memory books = booksOf(terms);
        escrow.release(terms, 1, noApprovals());
        paid(books, AMOUNT, 0, 0);
        sameBooks(booksOf(terms), books, "law 16: the claim is paid all the same");
    }

    /// Burning all the gas fails the act that needs the wallet, and costs who carries it; no other act asks it.
    function test_one_that_burns_the_gas() public {
        Terms memory terms = _terms;
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < KINDS; ++k) {
            Kind kind = Kind(k);
            stage(kind, terms);
            LyingWallet(signerOf(kind, terms)).setManner(LyingWallet.Manner.BurnGas);
            _isInvalidWithin(kind, terms);
            vm.revertToState(state);
        }

        _client.setManner(LyingWallet.Manner.BurnGas);
        _freelancer.setManner(LyingWallet.Manner.BurnGas);
        stage(Kind.SettleByClient, terms);
        Books memory later = booksOf(terms);
        vm.prank(terms.freelancer);
        escrow.dispute{gas: 1_000_000}(terms, 0, 10_000, 0);
        vm.prank(arbiter);
        escrow.rule{gas: 1_000_000}(terms, 0, 600, 0);
        paid(later, 600, 350, 50);
        sameBooks(booksOf(terms), later, "law 16: to the end without a signature");
    }

    /// A megabyte behind the magic value is not copied: the act costs what the wallet itself uses more.
    function test_a_large_yes_is_not_copied() public {
        Terms memory terms = _terms;
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < KINDS; ++k) {
            Kind kind = Kind(k);
            stage(kind, terms);
            uint256 staged = vm.snapshotState();
            LyingWallet wallet = LyingWallet(signerOf(kind, terms));
            wallet.setManner(LyingWallet.Manner.Confirm);
            uint256 askedShort = _gasOfAsking(wallet);
            uint256 short = _gasOf(kind, terms);
            vm.revertToState(staged);
            wallet.setManner(LyingWallet.Manner.ConfirmBomb);
            uint256 askedLarge = _gasOfAsking(wallet);
            uint256 large = _gasOf(kind, terms);
            holds(askedLarge > askedShort + 1_000_000, "law 16: not a large answer");
            // Copying a megabyte costs two million; slots are as warm in both.
            holds(large <= short + (askedLarge - askedShort) + 10_000, "law 16: a large answer was copied");
            same(uint8(statusOf(terms, 0)), uint8(endOf(kind)), "law 11: it is a yes");
            vm.revertToState(state);
        }
    }

    /// In the middle of each act that asks it, the wallet attempts every act. It confirms only if the answer is that of
    /// the guard, so an act that succeeds shows that this was the answer.
    function test_one_that_calls_back() public {
        Terms memory terms = _terms;
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < KINDS; ++k) {
            Kind kind = Kind(k);
            stage(kind, terms);
            LyingWallet wallet = LyingWallet(signerOf(kind, terms));
            uint256 staged = vm.snapshotState();
            for (uint256 attempt = 0; attempt < ATTEMPTS; ++attempt) {
                wallet.setCall(address(escrow), act(terms, attempt), false, guard());
                succeeds(kind, terms, hex"01", "law 14: an act within the question");
                vm.revertToState(staged);
            }
            vm.revertToState(state);
        }
    }

    /// The question cannot write elsewhere either: the wallet cannot even move its own money while it is asked, and
    /// loses the gas by the attempt.
    function test_one_that_moves_money_while_it_is_asked() public {
        Terms memory terms = _terms;
        token.mint(terms.freelancer, AMOUNT);
        bytes memory transfer = abi.encodeCall(token.transfer, (stranger, AMOUNT));
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < KINDS; ++k) {
            Kind kind = Kind(k);
            stage(kind, terms);
            LyingWallet(signerOf(kind, terms)).setCall(address(token), transfer, true, abi.encode(true));
            _isInvalidWithin(kind, terms);
            same(token.balanceOf(stranger), 0, "law 14: nothing moved");
            vm.revertToState(state);
        }
    }

    /// Reading is possible: the wallet sees what stood before the act.
    function test_one_that_looks_around() public {
        Terms memory terms = _terms;
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < KINDS; ++k) {
            Kind kind = Kind(k);
            stage(kind, terms);
            bytes32 agreement = idOf(terms);
            bytes memory before = abi.encode(escrow.statusesOf(agreement));
            LyingWallet(signerOf(kind, terms))
                .setCall(address(escrow), abi.encodeCall(escrow.statusesOf, (agreement)), true, before);
            succeeds(kind, terms, hex"01", "law 11: nothing is decided while it is asked");
            vm.revertToState(state);
        }
    }

    /// Addresses that answer any call: those of the EVM itself, the token, the escrow.
    function test_addresses_that_answer_anything() public {
        bytes[3] memory signatures = [bytes(hex"01"), new bytes(65), abi.encode(bytes4(0x1626ba7e))];
        for (uint160 k = 1; k <= 12; ++k) {
            Terms memory terms = fixedPrice(AMOUNT);
            terms.freelancer = address(k);
            if (k == 11) terms.freelancer = address(token);
            if (k == 12) terms.freelancer = address(escrow);
            bytes memory error = signatureInvalid(terms.freelancer, idOf(terms));
            for (uint256 n = 0; n < signatures.length; ++n) {
                bytes memory data = abi.encodeCall(escrow.fund, (terms, 1, signatures[n]));
                vm.prank(client);
                (bool success, bytes memory answer) = address(escrow).call{gas: TRANSACTION_GAS}(data);
                holds(!success, "law 11: accepted by nobody");
                sameBytes(answer, error, "law 11: the signature of nobody");
            }
        }
    }

    /// An account that has a key and code (as by EIP-7702): its key's signature counts, whatever the code says of it.
    function test_an_account_with_code_whose_key_still_signs() public {
        Terms memory terms = _keyedTerms();
        LyingWallet.Manner[4] memory manners = [
            LyingWallet.Manner.Deny, LyingWallet.Manner.Revert, LyingWallet.Manner.BurnGas, LyingWallet.Manner.DenyBomb
        ];
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < KINDS; ++k) {
            Kind kind = Kind(k);
            stage(kind, terms);
            uint256 staged = vm.snapshotState();
            for (uint256 m = 0; m < manners.length; ++m) {
                LyingWallet(signerOf(kind, terms)).setManner(manners[m]);
                succeeds(kind, terms, signatureOf(kind, terms), "law 11: the key's signature");
                vm.revertToState(staged);
            }
            vm.revertToState(state);
        }
    }

    /// The code of such an account may confirm what the key has not signed, and deny what somebody else's key has.
    function test_an_account_with_code_that_signs_by_it() public {
        Terms memory terms = _keyedTerms();
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < KINDS; ++k) {
            Kind kind = Kind(k);
            stage(kind, terms);
            LyingWallet wallet = LyingWallet(signerOf(kind, terms));
            bytes memory strange = sign(STRANGER_KEY, digestOf(kind, terms));
            wallet.setManner(LyingWallet.Manner.Deny);
            isInvalid(kind, terms, strange, "law 11: of another key, denied");
            wallet.setManner(LyingWallet.Manner.Confirm);
            succeeds(kind, terms, strange, "law 11: confirmed by its code");
            vm.revertToState(state);
        }
    }

    /// The wallet uses up what gas it is given, in one transaction: what is left suffices to say why.
    function _isInvalidWithin(Kind kind, Terms memory terms) private {
        bytes memory error = signatureInvalid(signerOf(kind, terms), digestOf(kind, terms));
        bytes memory data = callOf(kind, terms, hex"01");
        Books memory books = booksOf(terms);
        vm.prank(carrierOf(kind, terms));
        (bool success, bytes memory answer) = address(escrow).call{gas: TRANSACTION_GAS}(data);
        holds(!success, "law 11: an act by a signature that nobody gave");
        sameBytes(answer, error, "law 11: the error says why");
        sameBooks(booksOf(terms), books, "law 11: nothing moved");
    }

    function _keyedTerms() private returns (Terms memory terms) {
        terms = fixedPrice(oneByOne(2, AMOUNT));
        vm.etch(client, address(_client).code);
        vm.etch(freelancer, address(_client).code);
    }

    function _gasOf(Kind kind, Terms memory terms) private returns (uint256 used) {
        address by = carrierOf(kind, terms);
        bytes memory data = callOf(kind, terms, hex"01");
        vm.prank(by);
        used = gasleft();
        (bool success,) = address(escrow).call(data);
        used -= gasleft();
        holds(success, "law 11: the wallet confirms");
    }

    /// What asking costs, without a copy of the answer.
    function _gasOfAsking(LyingWallet wallet) private returns (uint256 used) {
        bytes memory data = abi.encodeCall(wallet.isValidSignature, (bytes32(0), hex"01"));
        bool success;
        used = gasleft();
        assembly ("memory-safe") {
            success := call(gas(), wallet, 0, add(data, 0x20), mload(data), 0, 0)
        }
        used -= gasleft();
        holds(success, "law 11: the wallet confirms");
    }
}
