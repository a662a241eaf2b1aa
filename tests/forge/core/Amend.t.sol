// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Amendment, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {Vm, vm} from "../utils/Vm.sol";
import {CoreTest} from "./CoreTest.sol";

/// @title AmendTest
/// @notice `amend`: what ends, what begins, and the difference that moves.
contract AmendTest is CoreTest {
    uint40 private constant EXPIRY = uint40(BEGIN + 1000 days);

    function testWhatIsMissingIsTakenIn() public {
        (Terms memory terms, Terms memory replacement) = _deals(false);
        // Frees 1,003 less 3 of the first and all of the fourth.
        Division[] memory divisions = new Division[](2);
        divisions[0] = Division(0, terms.amounts[0] - 1000, 1000);
        divisions[1] = Division(3, 0, terms.amounts[3]);
        uint256 missing = sumOf(replacement, 0x19) - 1000 - terms.amounts[3];

        Amendment memory amendment = _signed(terms, replacement, divisions, 0x19);
        begin(terms);
        vm.prank(client);
        escrow.amend(terms, replacement, amendment);
        _emitAll(terms, replacement, amendment);
        eventsAre();
        moved(terms, missing, 0, terms.amounts[0] - 1000);
        statusesAre(terms, 0x922a);
        statusesAre(replacement, 0x22002);
    }

    function testWhatIsMissingOfTheCoinIsSentAlong() public {
        (Terms memory terms, Terms memory replacement) = _deals(true);
        Division[] memory divisions = new Division[](1);
        divisions[0] = Division(1, 7, terms.amounts[1] - 7);
        uint256 missing = sumOf(replacement, 3) - (terms.amounts[1] - 7);
        Amendment memory amendment = _signed(terms, replacement, divisions, 3);
        bytes memory call = abi.encodeCall(escrow.amend, (terms, replacement, amendment));
        refused(client, missing - 1, call, _valueMismatch(missing - 1, missing));
        refused(client, missing + 1, call, _valueMismatch(missing + 1, missing));

        begin(terms);
        vm.prank(client);
        escrow.amend{value: missing}(terms, replacement, amendment);
        _emitAll(terms, replacement, amendment);
        eventsAre();
        moved(terms, missing, 0, 7);
        statusesAre(terms, 0x22a2);
        statusesAre(replacement, 0x22);
    }

    function testWhatIsLeftIsPaidOut() public {
        (Terms memory terms, Terms memory replacement) = _deals(true);
        Division[] memory divisions = new Division[](2);
        divisions[0] = Division(0, 5, terms.amounts[0] - 5);
        divisions[1] = Division(2, 11, terms.amounts[2] - 11);
        uint256 left = terms.amounts[0] + terms.amounts[2] - 16 - replacement.amounts[0];
        Amendment memory amendment = _signed(terms, replacement, divisions, 1);
        bytes memory call = abi.encodeCall(escrow.amend, (terms, replacement, amendment));
        refused(client, 1, call, _valueMismatch(1, 0));

        begin(terms);
        vm.prank(client);
        escrow.amend(terms, replacement, amendment);
        _emitAll(terms, replacement, amendment);
        eventsAre();
        moved(terms, 0, left, 16);
        statusesAre(terms, 0x2a2a);
        statusesAre(replacement, 2);
    }

    /// What ends is paid by the old terms, and what fails to be paid is credited under the old agreement.
    function testTheOldPayeeIsPaid() public {
        (Terms memory terms, Terms memory replacement) = _deals(false);
        replacement.payee = stranger;
        Division[] memory divisions = new Division[](1);
        divisions[0] = Division(0, terms.amounts[0], 0);
        Amendment memory amendment = _signed(terms, replacement, divisions, 1);
        token.setDenied(payee, true);
        vm.recordLogs();
        vm.prank(client);
        escrow.amend(terms, replacement, amendment);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        Vm.Log memory last = logs[logs.length - 1];
        holds(last.topics[0] == IMilestoneEscrow.PayoutCredited.selector, "law 13: a credit");
        holds(last.topics[1] == idOf(terms), "law 13: of the old agreement");
        same(escrow.credits(address(token), payee), terms.amounts[0], "law 2: to the old payee");
        same(token.balanceOf(stranger), 0, "law 2: not to the new one");
    }

    function testNothingMovesWhereNothingIsLeftOrMissing() public {
        (Terms memory terms, Terms memory replacement) = _deals(false);
        replacement.amounts[0] = terms.amounts[3];
        Division[] memory divisions = new Division[](1);
        divisions[0] = Division(3, 0, terms.amounts[3]);
        Amendment memory amendment = _signed(terms, replacement, divisions, 1);
        // Neither the payee nor the client is paid nothing.
        token.setDenied(payee, true);
        token.setDenied(client, true);
        begin(terms);
        vm.prank(client);
        escrow.amend(terms, replacement, amendment);
        _emitAll(terms, replacement, amendment);
        eventsAre();
        moved(terms, 0, 0, 0);
    }

    function testADisputeEndsWithWhatIsLeftOfIt() public {
        (Terms memory terms, Terms memory replacement) = _deals(false);
        submit(terms, 3, 6007);
        dispute(terms, 3, 501, client);
        uint256 open = terms.amounts[3] * 6007 / WHOLE - terms.amounts[3] * 5506 / WHOLE;
        Division[] memory divisions = new Division[](1);
        divisions[0] = Division(3, 1, open);
        refused(
            client,
            abi.encodeCall(escrow.amend, (terms, replacement, _signed(terms, replacement, divisions, 1))),
            abi.encodeWithSelector(IMilestoneEscrow.DivisionMismatch.selector, idOf(terms), 3, 1, open, open)
        );
        divisions[0] = Division(3, 1, open - 1);
        Amendment memory amendment = _signed(terms, replacement, divisions, 1);
        begin(terms);
        vm.prank(client);
        escrow.amend(terms, replacement, amendment);
        moved(terms, replacement.amounts[0] - open + 1, 0, 1);
        statusesAre(terms, 0xa222);
    }

    function testTheTermsMayReplaceThemselves() public {
        (Terms memory terms,) = _deals(false);
        Division[] memory divisions = new Division[](1);
        divisions[0] = Division(3, 0, terms.amounts[3]);
        Amendment memory amendment = _signed(terms, terms, divisions, 1 << 4);
        begin(terms);
        vm.prank(client);
        escrow.amend(terms, terms, amendment);
        _emitAll(terms, terms, amendment);
        eventsAre();
        moved(terms, terms.amounts[4] - terms.amounts[3], 0, 0);
        statusesAre(terms, 0x29222);
    }

    function testAReplacementThatStandsIsNotAskedForItsRules() public {
        (Terms memory terms, Terms memory replacement) = _deals(false);
        Division[] memory divisions = new Division[](1);
        divisions[0] = Division(3, 0, terms.amounts[3]);
        replacement.amounts[0] = terms.amounts[3];
        fund(replacement, 2);
        Amendment memory amendment = _signed(terms, replacement, divisions, 1);
        // Nothing moves, so only the rules of the terms could miss the token's code.
        vm.etch(address(token), "");
        vm.prank(client);
        escrow.amend(terms, replacement, amendment);
        statusesAre(replacement, 0x22);
    }

    function testTheReplacementKeepsEveryRule() public {
        (Terms memory terms, Terms memory replacement) = _deals(false);
        replacement.amounts[2] = 0;
        refused(
            client,
            _call(terms, replacement, 1),
            abi.encodeWithSelector(IMilestoneEscrow.AmountOutOfRange.selector, 2, 0, type(uint128).max)
        );
        replacement.amounts[2] = 1;
        refused(client, _call(terms, replacement, 0), noMilestones());
        refused(client, _call(terms, replacement, 1 << 6), outOfRange(replacement, 6, 6));
        fund(replacement, 2);
        refused(client, _call(terms, replacement, 3), wrongStatus(replacement, 1, Status.Active));
    }

    function testEachDivisionIsOfOpenWork() public {
        (Terms memory terms, Terms memory replacement) = _deals(false);
        Division[] memory divisions = new Division[](2);
        divisions[0] = Division(3, 0, terms.amounts[3]);
        divisions[1] = divisions[0];
        refused(
            client,
            abi.encodeCall(escrow.amend, (terms, replacement, _signed(terms, replacement, divisions, 1))),
            wrongStatus(terms, 3, Status.Refunded)
        );
        divisions[1] = Division(6, 0, 1);
        refused(
            client,
            abi.encodeCall(escrow.amend, (terms, replacement, _signed(terms, replacement, divisions, 1))),
            outOfRange(terms, 6, 6)
        );
    }

    function testTheSameClientFreelancerAndToken() public {
        (Terms memory terms, Terms memory replacement) = _deals(false);
        address[3] memory others = [stranger, LOWEST, HIGHEST];
        for (uint256 k = 0; k < others.length; ++k) {
            replacement.client = others[k];
            _mismatch(terms, replacement);
            replacement.client = client;
            replacement.freelancer = others[k];
            _mismatch(terms, replacement);
            replacement.freelancer = freelancer;
            replacement.token = others[k];
            _mismatch(terms, replacement);
            replacement.token = address(token);
        }
        replacement.payee = stranger;
        replacement.arbiter = address(0);
        vm.prank(client);
        escrow.amend(terms, replacement, _signed(terms, replacement, new Division[](0), 1));
        statusesAre(replacement, 2);
    }

    function testUntilItExpires() public {
        (Terms memory terms, Terms memory replacement) = _deals(false);
        Amendment memory amendment = Amendment(new Division[](0), 1, uint40(BEGIN + 100), NONE);
        vm.warp(BEGIN + 100);
        _expired(terms, replacement, amendment);
        vm.warp(BEGIN + 101);
        _expired(terms, replacement, amendment);
        vm.warp(BEGIN + 99);
        amendment.signature = signAmendment(FREELANCER_KEY, terms, replacement, amendment);
        vm.prank(client);
        escrow.amend(terms, replacement, amendment);
        statusesAre(replacement, 2);
    }

    function testTheFreelancerSignsIt() public {
        (Terms memory terms, Terms memory replacement) = _deals(false);
        Division[] memory divisions = new Division[](2);
        divisions[0] = Division(0, terms.amounts[0] - 1000, 1000);
        divisions[1] = Division(3, 0, terms.amounts[3]);
        Amendment memory amendment = Amendment(divisions, 0x19, EXPIRY, NONE);
        bytes32 digest = amendmentDigest(terms, replacement, amendment);
        bytes memory expected = signatureInvalid(freelancer, digest);
        bytes[] memory signatures = falseSignatures(freelancer, digest);
        for (uint256 k = 0; k < signatures.length; ++k) {
            amendment.signature = signatures[k];
            refused(client, abi.encodeCall(escrow.amend, (terms, replacement, amendment)), expected);
        }
        amendment.signature = sign(CLIENT_KEY, digest);
        refused(client, abi.encodeCall(escrow.amend, (terms, replacement, amendment)), expected);
    }

    function testItNamesEverything() public {
        (Terms memory terms, Terms memory replacement) = _deals(false);
        Division[] memory divisions = new Division[](1);
        divisions[0] = Division(0, terms.amounts[0] - 1000, 1000);
        Amendment memory amendment = _signed(terms, replacement, divisions, 1);
        amendment.funded = 2;
        _notSigned(terms, replacement, amendment);
        amendment.funded = 1;
        amendment.expiresAt += 1;
        _notSigned(terms, replacement, amendment);
        amendment.expiresAt -= 1;
        amendment.divisions = new Division[](0);
        _notSigned(terms, replacement, amendment);
        amendment.divisions = divisions;
        divisions[0].milestone = 1;
        _notSigned(terms, replacement, amendment);
        divisions[0].milestone = 0;
        (divisions[0].toFreelancer, divisions[0].toClient) = (divisions[0].toClient, divisions[0].toFreelancer);
        _notSigned(terms, replacement, amendment);
        (divisions[0].toFreelancer, divisions[0].toClient) = (divisions[0].toClient, divisions[0].toFreelancer);
        replacement.salt = bytes32(uint256(2));
        _notSigned(terms, replacement, amendment);
    }

    function testOnlyTheClientAmends() public {
        (Terms memory terms, Terms memory replacement) = _deals(false);
        replacement.client = address(0);
        onlyClient(terms, _call(terms, replacement, 1));
    }

    function testNothingIsAmendedBeforeItIsFunded() public {
        (Terms memory terms, Terms memory replacement) = _deals(false);
        refusedUnfunded(replacement, stranger, _call(replacement, terms, 1));
    }

    /// A deal of which four milestones are under way, and its replacement; six milestones each.
    function _deals(bool isCoin) private returns (Terms memory terms, Terms memory replacement) {
        terms = fixedPrice(oddAmounts(6));
        replacement = fixedPrice(oddAmounts(6));
        if (isCoin) (terms, replacement) = (inCoin(terms), inCoin(replacement));
        for (uint256 i = 0; i < 6; ++i) {
            replacement.amounts[i] += 333_331;
        }
        replacement.salt = bytes32(uint256(1));
        fund(terms, 0xf);
    }

    function _signed(Terms memory terms, Terms memory replacement, Division[] memory divisions, uint64 funded)
        private
        view
        returns (Amendment memory amendment)
    {
        amendment = Amendment(divisions, funded, EXPIRY, NONE);
        amendment.signature = signAmendment(FREELANCER_KEY, terms, replacement, amendment);
    }

    function _call(Terms memory terms, Terms memory replacement, uint64 funded) private view returns (bytes memory) {
        return
            abi.encodeCall(escrow.amend, (terms, replacement, _signed(terms, replacement, new Division[](0), funded)));
    }

    function _emitAll(Terms memory terms, Terms memory replacement, Amendment memory amendment) private {
        for (uint256 k = 0; k < amendment.divisions.length; ++k) {
            Division memory d = amendment.divisions[k];
            emit IMilestoneEscrow.MilestoneSettled(idOf(terms), d.milestone, d.toFreelancer, d.toClient);
        }
        emit IMilestoneEscrow.AgreementAmended(idOf(terms), idOf(replacement));
        uint256 sum = sumOf(replacement, amendment.funded);
        emit IMilestoneEscrow.MilestonesFunded(
            idOf(replacement), client, freelancer, amendment.funded, sum, true, replacement
        );
    }

    function _mismatch(Terms memory terms, Terms memory replacement) private {
        refused(
            client,
            _call(terms, replacement, 1),
            abi.encodeWithSelector(IMilestoneEscrow.AmendmentMismatch.selector, idOf(terms), idOf(replacement))
        );
    }

    function _expired(Terms memory terms, Terms memory replacement, Amendment memory amendment) private {
        refused(
            client,
            abi.encodeCall(escrow.amend, (terms, replacement, amendment)),
            abi.encodeWithSelector(
                IMilestoneEscrow.OfferExpired.selector, idOf(terms), amendment.expiresAt, block.timestamp
            )
        );
    }

    function _notSigned(Terms memory terms, Terms memory replacement, Amendment memory amendment) private {
        refused(
            client,
            abi.encodeCall(escrow.amend, (terms, replacement, amendment)),
            signatureInvalid(freelancer, amendmentDigest(terms, replacement, amendment))
        );
    }

    function _valueMismatch(uint256 given, uint256 required) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.ValueMismatch.selector, given, required);
    }
}
