// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {HostileWallet} from "../../../contracts/mocks/HostileWallet.sol";
import {Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {CoreTest} from "./CoreTest.sol";
import {OddToken} from "./OddToken.sol";

/// @title FundTest
/// @notice `fund`: who may, what is recorded, what is taken in.
contract FundTest is CoreTest {
    uint64 private constant ALL = type(uint64).max;

    function testOffersWithoutTheFreelancersSignature() public {
        Terms memory terms = fixedPrice(manyAmounts());
        uint64 set = 1 << 0 | 1 << 3 | 1 << 4 | 1 << 11;
        uint256 sum = terms.amounts[0] + terms.amounts[3] + terms.amounts[4] + terms.amounts[11];

        begin(terms);
        vm.prank(client);
        escrow.fund(terms, set, NONE);
        emit IMilestoneEscrow.MilestonesFunded(idOf(terms), client, freelancer, set, sum, false, terms);
        eventsAre();
        paidIn(terms, sum);
        statusesAre(terms, 0x100000011001);
    }

    function testActivatesWithTheFreelancersSignature() public {
        Terms memory terms = fixedPrice(manyAmounts());
        uint64 set = 1 << 1 | 1 << 2 | 1 << 5;
        uint256 sum = terms.amounts[1] + terms.amounts[2] + terms.amounts[5];
        bytes memory acceptance = signTerms(FREELANCER_KEY, terms);

        begin(terms);
        vm.prank(client);
        escrow.fund(terms, set, acceptance);
        emit IMilestoneEscrow.MilestonesFunded(idOf(terms), client, freelancer, set, sum, true, terms);
        eventsAre();
        paidIn(terms, sum);
        statusesAre(terms, 0x200220);
    }

    function testFundsInTheCoin() public {
        Terms memory terms = inCoin(fixedPrice(manyAmounts()));
        uint64 set = 1 << 0 | 1 << 2;
        uint256 sum = terms.amounts[0] + terms.amounts[2];

        begin(terms);
        vm.prank(client);
        escrow.fund{value: sum}(terms, set, NONE);
        emit IMilestoneEscrow.MilestonesFunded(idOf(terms), client, freelancer, set, sum, false, terms);
        eventsAre();
        paidIn(terms, sum);
        statusesAre(terms, 0x101);
    }

    function testFundsSixtyFourMilestones() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        begin(terms);
        fund(terms, type(uint64).max);
        paidIn(terms, sumOf(terms, type(uint64).max));
        statusesAre(terms, type(uint256).max / 0xf * 2);
    }

    function testFundsEachOfSixtyFourAloneAndAnySetOfThem() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < 64; ++i) {
            fund(terms, uint64(1) << uint64(i));
            same(token.balanceOf(address(escrow)), sumOf(terms, ALL >> uint64(63 - i)), "law 1: each of them");
            statusesAre(terms, words(0, ALL >> uint64(63 - i), Status.Active));
        }
        uint64[4] memory sets = [0xaaaaaaaaaaaaaaaa, 0x5a0f_0ff0_6996_8001, 0x0123_4567_89ab_cdef, 1 << 63 | 1];
        for (uint256 k = 0; k < sets.length; ++k) {
            vm.revertToState(snapshot);
            begin(terms);
            vm.prank(client);
            escrow.fund(terms, sets[k], NONE);
            emit IMilestoneEscrow.MilestonesFunded(
                idOf(terms), client, freelancer, sets[k], sumOf(terms, sets[k]), false, terms
            );
            eventsAre();
            paidIn(terms, sumOf(terms, sets[k]));
            statusesAre(terms, words(0, sets[k], Status.Offered));
            // The holes between them, as accepted.
            begin(terms);
            fund(terms, ~sets[k]);
            paidIn(terms, sumOf(terms, ~sets[k]));
            statusesAre(terms, words(words(0, ALL, Status.Active), sets[k], Status.Offered));
        }
    }

    function testEverySetOfPeriodsCostsAsManyTimesTheSame() public {
        Terms memory terms = metered(1_000_003, 240);
        begin(terms);
        fund(terms, ALL);
        paidIn(terms, 64_000_192);
        statusesAre(terms, words(0, ALL, Status.Active));
        terms.salt = bytes32(uint256(1));
        begin(terms);
        fund(terms, 0xaaaaaaaaaaaaaaaa);
        paidIn(terms, 32_000_096);
        statusesAre(terms, words(0, 0xaaaaaaaaaaaaaaaa, Status.Active));
    }

    function testFundsTheFirstAndTheLastOfSixtyFour() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        begin(terms);
        fund(terms, 1 << 63 | 1);
        paidIn(terms, terms.amounts[0] + terms.amounts[63]);
        statusesAre(terms, (2 << 252) + 2);
    }

    function testEveryPeriodCostsTheSame() public {
        Terms memory terms = metered(1_000_003, 240);
        uint64 set = 1 << 0 | 1 << 3 | 1 << 63;
        begin(terms);
        fund(terms, set);
        paidIn(terms, 3 * terms.amounts[0]);
        statusesAre(terms, (2 << 252) + 0x2002);
    }

    function testLaterFundingLeavesOthersAsTheyAre() public {
        Terms memory terms = fixedPrice(oddAmounts(20));
        everyStatus(terms);
        uint256 standing = escrow.statusesOf(idOf(terms));

        begin(terms);
        fund(terms, 1 << 0 | 1 << 12 | 1 << 19);
        paidIn(terms, terms.amounts[0] + terms.amounts[12] + terms.amounts[19]);
        statusesAre(terms, standing | 2 | 2 << 48 | 2 << 76);
    }

    function testOnlyTheClientFunds() public {
        Terms memory terms = fixedPrice(manyAmounts());
        onlyClient(terms, abi.encodeCall(escrow.fund, (terms, 1, signTerms(FREELANCER_KEY, terms))));
    }

    function testTheClientIsAskedForFirst() public {
        Terms memory terms = fixedPrice(manyAmounts());
        refused(stranger, abi.encodeCall(escrow.fund, (terms, 0, hex"00")), notClient(stranger));
    }

    function testAFalseAcceptanceIsRefused() public {
        Terms memory terms = fixedPrice(manyAmounts());
        bytes[] memory signatures = falseSignatures(freelancer, idOf(terms));
        for (uint256 k = 0; k < signatures.length; ++k) {
            refused(
                client,
                abi.encodeCall(escrow.fund, (terms, 0, signatures[k])),
                signatureInvalid(freelancer, idOf(terms))
            );
        }
    }

    function testNobodysSignatureIsRefused() public {
        // What recovers to no address is not the signature of a freelancer who has none.
        Terms memory terms = fixedPrice(manyAmounts());
        terms.freelancer = address(0);
        refused(
            client, abi.encodeCall(escrow.fund, (terms, 1, new bytes(65))), signatureInvalid(address(0), idOf(terms))
        );
    }

    function testAWalletAcceptsByItsOwnSignature() public {
        vm.prank(freelancer);
        HostileWallet wallet = new HostileWallet();
        Terms memory terms = fixedPrice(manyAmounts());
        terms.freelancer = address(wallet);
        bytes memory acceptance = signTerms(FREELANCER_KEY, terms);
        vm.prank(client);
        escrow.fund(terms, 1, acceptance);
        statusesAre(terms, 2);

        refused(
            client,
            abi.encodeCall(escrow.fund, (terms, 2, signTerms(STRANGER_KEY, terms))),
            signatureInvalid(address(wallet), idOf(terms))
        );
    }

    function testAnAccountWithCodeKeepsItsKeysSignature() public {
        vm.etch(freelancer, hex"00");
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        statusesAre(terms, 2);
    }

    function testAnEmptySetIsRefused() public {
        Terms memory terms = fixedPrice(manyAmounts());
        refused(client, abi.encodeCall(escrow.fund, (terms, 0, NONE)), noMilestones());
    }

    function testMilestonesOutsideTheTermsAreRefused() public {
        Terms memory terms = fixedPrice(oddAmounts(3));
        refused(client, abi.encodeCall(escrow.fund, (terms, 1 << 3 | 1, NONE)), outOfRange(terms, 3, 3));
        refused(client, abi.encodeCall(escrow.fund, (terms, 1 << 63, NONE)), outOfRange(terms, 63, 3));
        fund(terms, 1 << 2);
        statusesAre(terms, 0x200);
    }

    /// The highest of them is named; what stands is looked at before.
    function testASetBeyondTheTermsIsRefused() public {
        Terms memory terms = fixedPrice(manyAmounts());
        refused(client, abi.encodeCall(escrow.fund, (terms, 1 << 12 | 1 << 20 | 1, NONE)), outOfRange(terms, 20, 12));
        refused(client, abi.encodeCall(escrow.fund, (terms, ALL, NONE)), outOfRange(terms, 63, 12));
        fund(terms, 1 << 4 | 1 << 6);
        refused(client, abi.encodeCall(escrow.fund, (terms, 1 << 12 | 1 << 20 | 1, NONE)), outOfRange(terms, 20, 12));
        refused(client, abi.encodeCall(escrow.fund, (terms, 1 << 12, NONE)), outOfRange(terms, 12, 12));
        refused(
            client,
            abi.encodeCall(escrow.fund, (terms, 1 << 12 | 1 << 6 | 1, NONE)),
            wrongStatus(terms, 6, Status.Active)
        );
        refused(client, abi.encodeCall(escrow.fund, (terms, ALL, NONE)), wrongStatus(terms, 4, Status.Active));
        statusesAre(terms, 0x2020000);
        Terms memory one = fixedPrice(7);
        refused(client, abi.encodeCall(escrow.fund, (one, 3, NONE)), outOfRange(one, 1, 1));
        refused(client, abi.encodeCall(escrow.fund, (one, 2, NONE)), outOfRange(one, 1, 1));
        Terms memory most = fixedPrice(oddAmounts(63));
        refused(client, abi.encodeCall(escrow.fund, (most, ALL, NONE)), outOfRange(most, 63, 63));
        fund(most, ALL >> 1);
        statusesAre(most, words(0, ALL >> 1, Status.Active));
    }

    function testOneThatWasFundedStopsTheOthers() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < 64; ++i) {
            vm.prank(client);
            escrow.fund(terms, uint64(1) << uint64(i), NONE);
            refused(client, abi.encodeCall(escrow.fund, (terms, ALL, NONE)), wrongStatus(terms, i, Status.Offered));
            vm.revertToState(snapshot);
        }
    }

    /// Of several the lowest is named, with its status.
    function testTheLowestThatWasFundedIsNamed() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        for (uint8 i = 1; i < STATUSES; ++i) {
            uint64 from = uint64(0xfff) >> i << i;
            bytes memory error = wrongStatus(terms, i, Status(i));
            refused(client, abi.encodeCall(escrow.fund, (terms, from | 1, NONE)), error);
            refused(client, abi.encodeCall(escrow.fund, (terms, from | 1 << 12, NONE)), error);
        }
    }

    function testWhatWasFundedIsNotFundedAgain() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        refusedUnless(0x0, terms, client, _fund);
    }

    function testTheCoinSentIsExact() public {
        Terms memory terms = inCoin(fixedPrice(manyAmounts()));
        uint256 sum = terms.amounts[1] + terms.amounts[2];
        bytes memory call = abi.encodeCall(escrow.fund, (terms, 6, NONE));
        refused(client, 0, call, _valueMismatch(0, sum));
        refused(client, sum - 1, call, _valueMismatch(sum - 1, sum));
        refused(client, sum + 1, call, _valueMismatch(sum + 1, sum));
    }

    function testNoCoinComesWithAToken() public {
        Terms memory terms = fixedPrice(manyAmounts());
        refused(client, 1, abi.encodeCall(escrow.fund, (terms, 1, NONE)), _valueMismatch(1, 0));
    }

    function testTheTokenDeliversExactly() public {
        OddToken odd = new OddToken();
        Terms memory terms = fixedPrice(1_000_003);
        terms.token = address(odd);
        odd.mint(client, 10_000_000);
        // Something that is not part of the funding.
        odd.mint(address(escrow), 5);
        vm.prank(client);
        odd.approve(address(escrow), type(uint256).max);

        int256[3] memory errors = [int256(-1), 1, -1_000_004];
        for (uint256 k = 0; k < errors.length; ++k) {
            odd.setError(errors[k]);
            refused(
                client,
                abi.encodeCall(escrow.fund, (terms, 1, NONE)),
                abi.encodeWithSelector(
                    IMilestoneEscrow.TransferNotExact.selector, odd, 5, uint256(1_000_008 + errors[k]), 1_000_003
                )
            );
        }
        odd.setError(0);
        fund(terms, 1);
        same(odd.balanceOf(address(escrow)), 1_000_008, "law 1: what came in, and what lay there");
        // Less than before, and still more than the amount.
        odd.mint(address(escrow), 5_000_000);
        odd.setError(-1_000_004);
        terms.salt = bytes32(uint256(1));
        refused(
            client,
            abi.encodeCall(escrow.fund, (terms, 1, NONE)),
            abi.encodeWithSelector(IMilestoneEscrow.TransferNotExact.selector, odd, 6_000_008, 6_000_007, 1_000_003)
        );
    }

    function testABalanceThatDoesNotMoveIsRefused() public {
        OddToken odd = new OddToken();
        Terms memory terms = fixedPrice(1_000_003);
        terms.token = address(odd);
        odd.mint(client, 1_000_003);
        vm.prank(client);
        odd.approve(address(escrow), type(uint256).max);
        odd.setError(-1_000_003);
        refused(
            client,
            abi.encodeCall(escrow.fund, (terms, 1, NONE)),
            abi.encodeWithSelector(IMilestoneEscrow.TransferNotExact.selector, odd, 0, 0, 1_000_003)
        );
    }

    function testTheTokensOwnErrorIsPassedOn() public {
        Terms memory terms = fixedPrice(1_000_003);
        vm.prank(client);
        token.approve(address(escrow), 1_000_002);
        refused(
            client,
            abi.encodeCall(escrow.fund, (terms, 1, NONE)),
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(escrow), 1_000_002, 1_000_003
            )
        );
    }

    function _fund(Terms memory terms, uint8 i) private view returns (bytes memory) {
        return abi.encodeCall(escrow.fund, (terms, uint64(1) << i, NONE));
    }

    function _valueMismatch(uint256 given, uint256 required) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.ValueMismatch.selector, given, required);
    }
}
