// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Division, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {CoreTest} from "./CoreTest.sol";

/// @title SettleTest
/// @notice `settle`: one party carries out what the other has signed.
contract SettleTest is CoreTest {
    uint40 private constant EXPIRY = uint40(BEGIN + 1000 days);

    function testTheClientCarriesTheFreelancersOffer() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        fund(terms, type(uint64).max);
        uint256 statuses = escrow.statusesOf(idOf(terms));
        uint8[4] memory milestones = [0, 3, 4, 63];
        for (uint256 k = 0; k < milestones.length; ++k) {
            uint8 i = milestones[k];
            _settle(terms, Division(i, 10_001 + k, terms.amounts[i] - 10_001 - k), client, FREELANCER_KEY);
            statuses += 8 * 16 ** i;
            statusesAre(terms, statuses);
        }
    }

    function testTheFreelancerCarriesTheClientsOfferInTheCoin() public {
        Terms memory terms = inCoin(fixedPrice(manyAmounts()));
        fund(terms, 0xf);
        _settle(terms, Division(3, 1, terms.amounts[3] - 1), freelancer, CLIENT_KEY);
        statusesAre(terms, 0xa222);
    }

    function testEitherOrderOfAddresses() public {
        Terms memory terms = fixedPrice(manyAmounts());
        (terms.client, terms.freelancer) = (freelancer, client);
        token.mint(freelancer, sumOf(terms, 3));
        vm.startPrank(freelancer);
        token.approve(address(escrow), sumOf(terms, 3));
        escrow.fund(terms, 3, signTerms(CLIENT_KEY, terms));
        vm.stopPrank();
        Division memory division = Division(0, terms.amounts[0], 0);
        bytes memory offer = signSettlement(CLIENT_KEY, terms, division, EXPIRY);
        vm.prank(terms.client);
        escrow.settle(terms, division, EXPIRY, offer);
        division = Division(1, 0, terms.amounts[1]);
        offer = signSettlement(FREELANCER_KEY, terms, division, EXPIRY);
        vm.prank(terms.freelancer);
        escrow.settle(terms, division, EXPIRY, offer);
        statusesAre(terms, 0x98);
    }

    function testAllToOneEndsAsPaidOrRefunded() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xf);
        _settle(terms, Division(0, terms.amounts[0], 0), freelancer, CLIENT_KEY);
        _settle(terms, Division(1, 0, terms.amounts[1]), freelancer, CLIENT_KEY);
        _settle(terms, Division(2, terms.amounts[2] - 1, 1), freelancer, CLIENT_KEY);
        _settle(terms, Division(3, 1, terms.amounts[3] - 1), freelancer, CLIENT_KEY);
        statusesAre(terms, 0xaa98);
    }

    function testInEveryStatusThatIsOpenLateOrNot() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        uint256 statuses = escrow.statusesOf(idOf(terms));
        vm.warp(BEGIN + 999 days);
        uint8[4] memory milestones = [2, 4, 6, 7];
        for (uint256 k = 0; k < milestones.length; ++k) {
            uint8 i = milestones[k];
            _settle(terms, Division(i, 10_001, terms.amounts[i] - 10_001), client, FREELANCER_KEY);
            statuses += (10 - uint256(i)) * 16 ** i;
        }
        statusesAre(terms, statuses);
    }

    function testOfADisputeOnlyWhatIsLeft() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xf);
        submit(terms, 3, 6007);
        dispute(terms, 3, 501, client);
        uint256 open = terms.amounts[3] * 6007 / WHOLE - terms.amounts[3] * 5506 / WHOLE;
        // An offer of before is one over more than is open.
        _mismatch(terms, Division(3, 0, terms.amounts[3]), open);
        _mismatch(terms, Division(3, open, 1), open);
        _mismatch(terms, Division(3, open + 1, 0), open);
        _mismatch(terms, Division(3, open - 1, 0), open);
        _mismatch(terms, Division(3, 0, open - 1), open);
        _mismatch(terms, Division(3, open + 1, type(uint256).max), open);
        _mismatch(terms, Division(3, type(uint256).max, open + 1), open);
        _settle(terms, Division(3, 0, open), client, FREELANCER_KEY);
        statusesAre(terms, 0xa222);
    }

    function testUntilTheOfferExpires() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xf);
        Division memory division = Division(0, 0, terms.amounts[0]);
        bytes memory call = _call(terms, division, uint40(BEGIN + 100), FREELANCER_KEY);
        bytes memory expired =
            abi.encodeWithSelector(IMilestoneEscrow.OfferExpired.selector, idOf(terms), BEGIN + 100, BEGIN + 100);
        vm.warp(BEGIN + 100);
        refused(client, call, expired);
        // Before anything about the signature.
        bytes memory unsigned = abi.encodeCall(escrow.settle, (terms, division, uint40(BEGIN + 100), NONE));
        refused(client, unsigned, expired);
        vm.warp(BEGIN + 101);
        refused(
            client,
            call,
            abi.encodeWithSelector(IMilestoneEscrow.OfferExpired.selector, idOf(terms), BEGIN + 100, BEGIN + 101)
        );
        vm.warp(BEGIN + 99);
        vm.prank(client);
        (bool success,) = address(escrow).call(call);
        holds(success, "law 11: an offer is valid until the second before it expires");
        statusesAre(terms, 0x2229);
    }

    function testAnOfferNamesEverything() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xf);
        Division memory signed = Division(1, 10, terms.amounts[1] - 10);
        bytes memory offer = signSettlement(FREELANCER_KEY, terms, signed, EXPIRY);
        _notSigned(terms, Division(2, 10, terms.amounts[1] - 10), EXPIRY, offer);
        _notSigned(terms, Division(1, 11, terms.amounts[1] - 10), EXPIRY, offer);
        _notSigned(terms, Division(1, 10, terms.amounts[1] - 11), EXPIRY, offer);
        _notSigned(terms, Division(1, terms.amounts[1] - 10, 10), EXPIRY, offer);
        _notSigned(terms, signed, EXPIRY + 1, offer);
        Terms memory other = fixedPrice(manyAmounts());
        other.salt = bytes32(uint256(1));
        _notSigned(terms, signed, EXPIRY, signSettlement(FREELANCER_KEY, other, signed, EXPIRY));
    }

    function testAnOfferIsTheOtherPartys() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xf);
        Division memory division = Division(1, 10, terms.amounts[1] - 10);
        bytes32 digest = settlementDigest(terms, division, EXPIRY);
        bytes[] memory signatures = falseSignatures(freelancer, digest);
        for (uint256 k = 0; k < signatures.length; ++k) {
            _notSigned(terms, division, EXPIRY, signatures[k]);
        }
        // Nobody carries their own.
        _notSigned(terms, division, EXPIRY, sign(CLIENT_KEY, digest));
        refused(
            freelancer,
            abi.encodeCall(escrow.settle, (terms, division, EXPIRY, sign(FREELANCER_KEY, digest))),
            signatureInvalid(client, digest)
        );
    }

    function testOnlyPartiesSettle() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        Division memory division = Division(0, 0, terms.amounts[0]);
        onlyParties(terms, abi.encodeCall(escrow.settle, (terms, division, 0, NONE)));
    }

    function testNothingIsSettledBeforeItIsFunded() public {
        Terms memory terms = fixedPrice(manyAmounts());
        refusedUnfunded(terms, stranger, _settleNothing(terms, 0));
    }

    function testMilestonesOutsideTheTermsAreRefused() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        refused(client, _settleNothing(terms, 12), outOfRange(terms, 12, 12));
    }

    function testOnlyWhatIsUnderWayIsSettled() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        refusedUnless(0x2467, terms, client, _settleNothing);
    }

    function _settle(Terms memory terms, Division memory division, address by, uint256 key) private {
        bytes memory offer = signSettlement(key, terms, division, EXPIRY);
        begin(terms);
        vm.prank(by);
        escrow.settle(terms, division, EXPIRY, offer);
        emit IMilestoneEscrow.MilestoneSettled(
            idOf(terms), division.milestone, division.toFreelancer, division.toClient
        );
        eventsAre();
        paid(terms, division.toClient, division.toFreelancer, 0);
    }

    function _mismatch(Terms memory terms, Division memory division, uint256 open) private {
        refused(
            client,
            _call(terms, division, EXPIRY, FREELANCER_KEY),
            abi.encodeWithSelector(
                IMilestoneEscrow.DivisionMismatch.selector,
                idOf(terms),
                division.milestone,
                division.toFreelancer,
                division.toClient,
                open
            )
        );
    }

    function _notSigned(Terms memory terms, Division memory division, uint40 expiresAt, bytes memory offer) private {
        refused(
            client,
            abi.encodeCall(escrow.settle, (terms, division, expiresAt, offer)),
            signatureInvalid(freelancer, settlementDigest(terms, division, expiresAt))
        );
    }

    function _call(Terms memory terms, Division memory division, uint40 expiresAt, uint256 key)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(
            escrow.settle, (terms, division, expiresAt, signSettlement(key, terms, division, expiresAt))
        );
    }

    function _settleNothing(Terms memory terms, uint8 i) private view returns (bytes memory) {
        return _call(terms, Division(i, 0, 0), EXPIRY, FREELANCER_KEY);
    }
}
