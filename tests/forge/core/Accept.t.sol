// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {HostileWallet} from "../../../contracts/mocks/HostileWallet.sol";
import {Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {CoreTest} from "./CoreTest.sol";

/// @title AcceptTest
/// @notice `accept`: by the freelancer, or with their signature by anybody.
contract AcceptTest is CoreTest {
    function testTheFreelancerAcceptsSome() public {
        Terms memory terms = _offered(oddAmounts(64));
        begin(terms);
        vm.prank(freelancer);
        escrow.accept(terms, 1 << 0 | 1 << 3 | 1 << 4 | 1 << 63, NONE);
        emit IMilestoneEscrow.MilestonesAccepted(idOf(terms), 1 << 0 | 1 << 3 | 1 << 4 | 1 << 63);
        eventsAre();
        paid(terms, 0, 0, 0);
        statusesAre(terms, type(uint256).max / 0xf + 0x11001 + (1 << 252));
    }

    function testAnybodyCarriesTheFreelancersSignature() public {
        Terms memory terms = _offered(manyAmounts());
        bytes memory acceptance = signTerms(FREELANCER_KEY, terms);
        begin(terms);
        vm.prank(stranger);
        escrow.accept(terms, 1 << 2 | 1 << 5, acceptance);
        emit IMilestoneEscrow.MilestonesAccepted(idOf(terms), 1 << 2 | 1 << 5);
        eventsAre();
        paid(terms, 0, 0, 0);
        statusesAre(terms, 0x111111211211);
    }

    function testTheFreelancersOwnCallNeedsNoSignature() public {
        Terms memory terms = _offered(manyAmounts());
        vm.prank(freelancer);
        escrow.accept(terms, 1, hex"00");
        statusesAre(terms, 0x111111111112);
    }

    function testAWalletAcceptsByItsOwnSignature() public {
        vm.prank(freelancer);
        HostileWallet wallet = new HostileWallet();
        Terms memory terms = fixedPrice(manyAmounts());
        terms.freelancer = address(wallet);
        vm.prank(client);
        escrow.fund(terms, 1, NONE);
        bytes memory acceptance = signTerms(FREELANCER_KEY, terms);
        vm.prank(stranger);
        escrow.accept(terms, 1, acceptance);
        statusesAre(terms, 2);
    }

    function testOthersNeedTheFreelancersSignature() public {
        Terms memory terms = _offered(manyAmounts());
        address[6] memory others = [client, payee, arbiter, stranger, LOWEST, HIGHEST];
        for (uint256 k = 0; k < others.length; ++k) {
            refused(
                others[k], abi.encodeCall(escrow.accept, (terms, 1, NONE)), signatureInvalid(freelancer, idOf(terms))
            );
        }
        bytes[] memory signatures = falseSignatures(freelancer, idOf(terms));
        for (uint256 k = 0; k < signatures.length; ++k) {
            refused(
                stranger,
                abi.encodeCall(escrow.accept, (terms, 0, signatures[k])),
                signatureInvalid(freelancer, idOf(terms))
            );
        }
    }

    function testNothingIsAcceptedBeforeItIsFunded() public {
        Terms memory terms = fixedPrice(manyAmounts());
        refusedUnfunded(terms, stranger, abi.encodeCall(escrow.accept, (terms, 0, NONE)));
    }

    function testAnEmptySetIsRefused() public {
        Terms memory terms = _offered(manyAmounts());
        refused(freelancer, abi.encodeCall(escrow.accept, (terms, 0, NONE)), noMilestones());
    }

    function testMilestonesOutsideTheTermsAreRefused() public {
        Terms memory terms = _offered(manyAmounts());
        refused(freelancer, abi.encodeCall(escrow.accept, (terms, 1 << 12 | 1, NONE)), outOfRange(terms, 12, 12));
        refused(freelancer, abi.encodeCall(escrow.accept, (terms, 1 << 63, NONE)), outOfRange(terms, 63, 12));
    }

    function testOnlyAnOfferIsAccepted() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        refusedUnless(0x1, terms, freelancer, _accept);
        uint256 standing = escrow.statusesOf(idOf(terms));
        vm.prank(freelancer);
        escrow.accept(terms, 2, NONE);
        statusesAre(terms, standing + 0x10);
    }

    function testEachOfSixtyFourAloneAndAnySetOfThem() public {
        Terms memory terms = _offered(oddAmounts(64));
        uint64 all = type(uint64).max;
        uint256 offered = words(0, all, Status.Offered);
        statusesAre(terms, offered);
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < 64; ++i) {
            vm.prank(freelancer);
            escrow.accept(terms, uint64(1) << uint64(i), NONE);
            statusesAre(terms, words(offered, all >> uint64(63 - i), Status.Active));
        }
        uint64[5] memory sets = [all, all >> 1, 0xaaaaaaaaaaaaaaaa, 0x5a0f_0ff0_6996_8001, 0x0123_4567_89ab_cdef];
        for (uint256 k = 0; k < sets.length; ++k) {
            vm.revertToState(snapshot);
            begin(terms);
            vm.prank(freelancer);
            escrow.accept(terms, sets[k], NONE);
            emit IMilestoneEscrow.MilestonesAccepted(idOf(terms), sets[k]);
            eventsAre();
            paid(terms, 0, 0, 0);
            statusesAre(terms, words(offered, sets[k], Status.Active));
        }
    }

    function testOneThatWasAcceptedStopsTheOthers() public {
        Terms memory terms = _offered(oddAmounts(64));
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < 64; ++i) {
            vm.prank(freelancer);
            escrow.accept(terms, uint64(1) << uint64(i), NONE);
            bytes memory again = abi.encodeCall(escrow.accept, (terms, type(uint64).max, NONE));
            refused(freelancer, again, wrongStatus(terms, i, Status.Active));
            vm.revertToState(snapshot);
        }
    }

    /// Of several the lowest is named, with its status, or as one that the terms do not have.
    function testTheLowestThatIsNoOfferIsNamed() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        for (uint8 i = 2; i < STATUSES; ++i) {
            uint64 from = uint64(0xfff) >> i << i;
            bytes memory error = wrongStatus(terms, i, Status(i));
            refused(freelancer, abi.encodeCall(escrow.accept, (terms, from | 2, NONE)), error);
            refused(freelancer, abi.encodeCall(escrow.accept, (terms, from | 1 << 12 | 2, NONE)), error);
        }
        bytes memory none = abi.encodeCall(escrow.accept, (terms, 0xfff, NONE));
        refused(freelancer, none, wrongStatus(terms, 0, Status.None));
        bytes memory beyond = abi.encodeCall(escrow.accept, (terms, 1 << 63 | 1 << 12 | 2, NONE));
        refused(freelancer, beyond, outOfRange(terms, 12, 12));
    }

    function testOneThatIsNoOfferStopsTheOthers() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        refused(freelancer, abi.encodeCall(escrow.accept, (terms, 6, NONE)), wrongStatus(terms, 2, statusOf(terms, 2)));
    }

    function _offered(uint256[] memory amounts) private returns (Terms memory terms) {
        terms = fixedPrice(amounts);
        uint64 all = uint64(2 ** amounts.length - 1);
        vm.prank(client);
        escrow.fund(terms, all, NONE);
    }

    function _accept(Terms memory terms, uint8 i) private view returns (bytes memory) {
        return abi.encodeCall(escrow.accept, (terms, uint64(1) << i, NONE));
    }
}
