// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Amendment, Approval, Division, MilestoneView, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {CoreTest} from "./CoreTest.sol";

/// @title EncodingTest
/// @notice Terms in calldata as no library writes them: the id is of what they say, wherever they stand; and what does
/// not fit a field has another id, under which nothing is ever funded.
contract EncodingTest is CoreTest {
    /// The fields before the amounts, and those of them that are narrower than a word.
    uint256 private constant FIELDS = 15;
    uint256 private constant NARROW = 13;
    uint40 private constant EXPIRY = uint40(BEGIN + 1000 days);

    /// Ways to write the terms.
    enum Form {
        /// As a library does, with bytes after the end.
        Longer,
        /// At the end, neither they nor their amounts on a whole word, and all between them filled.
        Apart,
        /// The same, the amounts before the fields, by an offset that wraps.
        Before
    }

    Form private form;

    // Where terms may stand

    function testTheIdIsOfWhatTheTermsSay() public {
        Terms[3] memory deals = [fixedPrice(oddAmounts(3)), fixedPrice(oddAmounts(64)), metered(1_000_003, 240)];
        for (uint256 k = 0; k < deals.length; ++k) {
            deals[k].scope = keccak256("scope");
            deals[k].salt = keccak256("salt");
            bytes memory data = abi.encodeCall(escrow.agreementId, (deals[k]));
            bytes memory expected = abi.encode(idOf(deals[k]));
            holds(_same(_ask(data), expected), "law 18: the usual form");
            for (uint256 f = 0; f < 3; ++f) {
                form = Form(f);
                bytes memory written = _written(data, deals[k], 0);
                holds(!_same(written, data) && _same(_ask(written), expected), "law 18: another form");
                holds(_same(_ask(_written(written, deals[k], 0)), expected), "law 18: twice over");
            }
        }
    }

    function testTheIdIsTheSameInABatch() public {
        Terms memory terms = fixedPrice(oddAmounts(3));
        bytes[] memory calls = new bytes[](4);
        calls[0] = abi.encodeCall(escrow.agreementId, (terms));
        for (uint256 f = 0; f < 3; ++f) {
            form = Form(f);
            calls[f + 1] = _written(calls[0], terms, 0);
        }
        bytes[] memory ids = escrow.multicall(calls);
        for (uint256 k = 0; k < 4; ++k) {
            holds(_same(ids[k], abi.encode(idOf(terms))), "law 18: in a batch");
        }
    }

    function testViewsAreTheSameInEveryForm() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        bytes memory all = abi.encodeCall(escrow.agreementAt, (terms, uint40(BEGIN)));
        bytes memory one = abi.encodeCall(escrow.milestoneAt, (terms, 7, uint40(BEGIN)));
        (bytes32 agreement, MilestoneView[] memory milestones) = escrow.agreementAt(terms, uint40(BEGIN));
        for (uint256 f = 0; f < 3; ++f) {
            form = Form(f);
            holds(_same(_ask(_written(all, terms, 0)), abi.encode(agreement, milestones)), "law 15: all of them");
            holds(_same(_ask(_written(one, terms, 0)), abi.encode(milestones[7])), "law 15: one of them");
        }
    }

    /// What is funded in one form is the same agreement in every other, and its event carries the terms in the usual one.
    function testTheEventCarriesTheTermsInTheUsualForm() public {
        Terms memory terms = fixedPrice(manyAmounts());
        bytes memory acceptance = signTerms(FREELANCER_KEY, terms);
        for (uint8 f = 0; f < 3; ++f) {
            form = Form(f);
            uint64 set = uint64(0x111) << f;
            bytes memory data = _written(abi.encodeCall(escrow.fund, (terms, set, acceptance)), terms, 0);
            begin(terms);
            vm.prank(client);
            (bool success,) = address(escrow).call(data);
            holds(success, "law 18: in any form");
            emit IMilestoneEscrow.MilestonesFunded(idOf(terms), client, freelancer, set, sumOf(terms, set), true, terms);
            eventsAre();
            paidIn(terms, sumOf(terms, set));
        }
        statusesAre(terms, 0x022202220222);
        fund(terms, 0x888);
        statusesAre(terms, 0x222222222222);
    }

    function testEveryActInEveryForm() public {
        uint256 snapshot = vm.snapshotState();
        for (uint256 f = 0; f < 3; ++f) {
            form = Form(f);
            Terms memory terms = fixedPrice(manyAmounts());
            _start(terms);
            _midway(terms);
            _end(terms);
            statusesAre(terms, 0x198aaaa988);
            vm.revertToState(snapshot);
        }
    }

    function testEveryActInEveryFormInABatch() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xfff);
        bytes[] memory calls = new bytes[](6);
        calls[0] = abi.encodeCall(escrow.submit, (terms, 0, 10_000, 0));
        calls[1] = abi.encodeCall(escrow.submit, (terms, 1, 6007, 0));
        calls[2] = abi.encodeCall(escrow.dispute, (terms, 2, 501, 0));
        calls[3] = abi.encodeCall(escrow.refund, (terms, 1 << 3));
        Approval memory approval = signApproval(CLIENT_KEY, terms, 0x33, new uint16[](0));
        calls[4] = abi.encodeCall(escrow.release, (terms, 0x33, approvals(approval)));
        calls[5] = abi.encodeCall(escrow.submit, (terms, 6, 1, 0));
        for (uint256 k = 0; k < calls.length; ++k) {
            form = Form(k % 3);
            calls[k] = _written(calls[k], terms, 0);
        }
        vm.prank(freelancer);
        escrow.multicall(calls);
        statusesAre(terms, 0x2222248897a8);
    }

    /// Both terms of an amendment may be the same bytes.
    function testAnAmendmentMayNameTheSameBytesTwice() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        Amendment memory amendment = Amendment(new Division[](0), 2, EXPIRY, NONE);
        amendment.signature = signAmendment(FREELANCER_KEY, terms, terms, amendment);
        bytes memory data = abi.encodeCall(escrow.amend, (terms, terms, amendment));
        _set(data, 4 + 32, _get(data, 4));
        vm.prank(client);
        (bool success,) = address(escrow).call(data);
        holds(success, "law 18: the same terms");
        statusesAre(terms, 0x22);
    }

    // Where terms cannot stand

    function testAnOffsetBeyondTheCallIsRefused() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        Amendment memory amendment = Amendment(new Division[](0), 1, EXPIRY, NONE);
        bytes[4] memory calls = [
            abi.encodeCall(escrow.agreementId, (terms)),
            abi.encodeCall(escrow.fund, (terms, 2, NONE)),
            abi.encodeCall(escrow.refund, (terms, 1)),
            abi.encodeCall(escrow.amend, (terms, terms, amendment))
        ];
        for (uint256 k = 0; k < calls.length; ++k) {
            _outside(calls[k], 4);
        }
        _outside(calls[3], 4 + 32);
    }

    /// Amounts whose place wraps to nowhere are none at all.
    function testAmountsBeyondTheCallAreRefused() public {
        Terms memory terms = fixedPrice(oddAmounts(2));
        bytes memory data = abi.encodeCall(escrow.fund, (terms, 1, NONE));
        uint256 start = 4 + _get(data, 4);
        uint256 position = start + 32 * FIELDS;
        uint256[4] memory offsets = [type(uint256).max / 2, 2 ** 64, data.length, data.length - start - 31];
        for (uint256 k = 0; k < offsets.length; ++k) {
            _set(data, position, offsets[k]);
            refused(client, data, NONE);
        }
        bytes memory none = abi.encodeWithSelector(IMilestoneEscrow.MilestoneCountOutOfRange.selector, 0, 64);
        _set(data, position, 2 ** 255);
        refused(client, data, none);
        // The last word of the call is the length of the acceptance.
        _set(data, position, data.length - start - 32);
        refused(client, data, none);
        _set(data, position, 32 * (FIELDS + 1));
        uint256[3] memory lengths = [uint256(5), 2 ** 64, type(uint256).max];
        for (uint256 k = 0; k < lengths.length; ++k) {
            _set(data, position + 32, lengths[k]);
            refused(client, data, NONE);
        }
        _set(data, position + 32, 2);
        vm.prank(client);
        (bool success,) = address(escrow).call(data);
        holds(success, "law 18: what was refused is the place");
    }

    // What fits no field

    function testAFieldThatIsTooWideIsNotFunded() public {
        _notFunded(fixedPrice(oddAmounts(3)));
        _notFunded(metered(1_000_003, 240));
    }

    function testAReplacementThatIsTooWideIsNotFunded() public {
        Terms memory terms = fixedPrice(oddAmounts(3));
        fund(terms, 1);
        Terms[2] memory replacements = [fixedPrice(oddAmounts(4)), metered(1_000_003, 240)];
        for (uint256 k = 0; k < 2; ++k) {
            replacements[k].salt = bytes32(uint256(1));
            for (uint256 bit = 0; bit < 2 * NARROW; ++bit) {
                bytes memory fields = _widened(_fields(replacements[k]), bit);
                Amendment memory amendment = Amendment(new Division[](0), 1, EXPIRY, NONE);
                // The freelancer has signed even that.
                bytes32 digest = amendmentDigest(idOf(terms), _hashOf(fields, replacements[k]), amendment);
                amendment.signature = sign(FREELANCER_KEY, digest);
                bytes memory data = abi.encodeCall(escrow.amend, (terms, replacements[k], amendment));
                _put(data, 4 + _get(data, 4 + 32), fields);
                refused(client, data, NONE);
            }
        }
    }

    /// Whoever widens a field of terms that stand asks for other terms.
    function testAFieldThatIsTooWideNamesAnotherAgreement() public {
        Terms memory terms = fixedPrice(oddAmounts(3));
        fund(terms, 7);
        for (uint256 bit = 0; bit < 2 * NARROW; ++bit) {
            bytes memory fields = _widened(_fields(terms), bit);
            bytes32 other = typed(_hashOf(fields, terms));
            holds(other != idOf(terms), "law 18: another id");
            bytes memory data = abi.encodeCall(escrow.agreementId, (terms));
            _put(data, 4 + _get(data, 4), fields);
            holds(_same(_ask(data), abi.encode(other)), "law 18: the id is of what was sent");
            bytes[4] memory calls = [
                abi.encodeCall(escrow.submit, (terms, 0, 10_000, 0)),
                abi.encodeCall(escrow.accept, (terms, 1, NONE)),
                abi.encodeCall(escrow.refund, (terms, 1)),
                abi.encodeCall(escrow.release, (terms, 1, approvals()))
            ];
            for (uint256 k = 0; k < calls.length; ++k) {
                _put(calls[k], 4 + _get(calls[k], 4), fields);
                refused(
                    freelancer, calls[k], abi.encodeWithSelector(IMilestoneEscrow.AgreementNotFunded.selector, other)
                );
            }
        }
        statusesAre(terms, 0x222);
    }

    // A life in one form

    function _start(Terms memory terms) private {
        _send(terms, client, abi.encodeCall(escrow.fund, (terms, 0x1ff, NONE)));
        _send(terms, stranger, abi.encodeCall(escrow.accept, (terms, 0xff, signTerms(FREELANCER_KEY, terms))));
        _send(terms, freelancer, abi.encodeCall(escrow.accept, (terms, 0x100, NONE)));
        statusesAre(terms, 0x222222222);
        bytes memory data = abi.encodeCall(
            escrow.fundWithAuthorization, (terms, 1 << 9, NONE, authorize(terms, 1 << 9, terms.amounts[9]))
        );
        _send(terms, stranger, data);
        statusesAre(terms, 0x1222222222);
        _send(terms, client, abi.encodeCall(escrow.approve, (terms, 1, new uint16[](0))));
        _send(terms, stranger, abi.encodeCall(escrow.release, (terms, 1, approvals())));
        _send(terms, freelancer, abi.encodeCall(escrow.submit, (terms, 1, 10_000, 0)));
        _send(terms, client, abi.encodeCall(escrow.requestChanges, (terms, 1, 0)));
        _send(terms, freelancer, abi.encodeCall(escrow.submit, (terms, 1, 10_000, 0)));
        _send(terms, client, abi.encodeCall(escrow.requestRefund, (terms, 2, 0)));
        statusesAre(terms, 0x1222222648);
    }

    function _midway(Terms memory terms) private {
        _send(terms, freelancer, abi.encodeCall(escrow.submit, (terms, 3, 10_000, 0)));
        _send(terms, client, abi.encodeCall(escrow.dispute, (terms, 3, 10_000, 0)));
        _send(terms, arbiter, abi.encodeCall(escrow.rule, (terms, 3, 5, 0)));
        _send(terms, freelancer, abi.encodeCall(escrow.dispute, (terms, 4, 10_000, 0)));
        Division memory division = Division(5, 7, terms.amounts[5] - 7);
        bytes memory offer = signSettlement(FREELANCER_KEY, terms, division, EXPIRY);
        _send(terms, client, abi.encodeCall(escrow.settle, (terms, division, EXPIRY, offer)));
        Approval memory approval = signApproval(CLIENT_KEY, terms, 1 << 7, new uint16[](0));
        _send(terms, stranger, abi.encodeCall(escrow.release, (terms, 1 << 7, approvals(approval))));
        _send(terms, freelancer, abi.encodeCall(escrow.refund, (terms, 1 << 8)));
        statusesAre(terms, 0x1982a7a648);
    }

    function _end(Terms memory terms) private {
        Terms memory replacement = fixedPrice(oddAmounts(3));
        replacement.salt = bytes32(uint256(1));
        Amendment memory amendment = Amendment(new Division[](1), 5, EXPIRY, NONE);
        amendment.divisions[0] = Division(6, 3, terms.amounts[6] - 3);
        amendment.signature = signAmendment(FREELANCER_KEY, terms, replacement, amendment);
        bytes memory data = abi.encodeCall(escrow.amend, (terms, replacement, amendment));
        _send(terms, client, _written(data, replacement, 1));
        statusesAre(replacement, 0x202);
        vm.warp(BEGIN + 30 days);
        _send(terms, stranger, abi.encodeCall(escrow.release, (terms, 2, approvals())));
        _send(terms, stranger, abi.encodeCall(escrow.refund, (terms, 4)));
        _send(terms, stranger, abi.encodeCall(escrow.lapse, (terms, 4)));
    }

    /// Makes the call, its terms written in this form.
    function _send(Terms memory terms, address by, bytes memory data) private {
        data = _written(data, terms, 0);
        vm.prank(by);
        (bool success,) = address(escrow).call(data);
        holds(success, "law 18: an act fails in this form");
    }

    function _ask(bytes memory data) private view returns (bytes memory answer) {
        bool success;
        (success, answer) = address(escrow).staticcall(data);
        holds(success, "law 18: a view fails in this form");
    }

    function _same(bytes memory a, bytes memory b) private pure returns (bool) {
        return keccak256(a) == keccak256(b);
    }

    // Refusals

    /// The word at `position` of the call cannot be an offset of terms that begin or end outside of it.
    function _outside(bytes memory data, uint256 position) private {
        uint256 room = data.length - 4;
        uint256[9] memory offsets = [
            type(uint256).max,
            type(uint256).max - 3,
            type(uint256).max - 31,
            type(uint256).max - 32 * (FIELDS + 1),
            2 ** 255,
            2 ** 64,
            2 ** 64 - 1,
            room,
            room - 32 * (FIELDS + 1) + 1
        ];
        uint256 usual = _get(data, position);
        for (uint256 k = 0; k < offsets.length; ++k) {
            _set(data, position, offsets[k]);
            refused(client, data, NONE);
        }
        _set(data, position, usual);
    }

    /// As an offer, as accepted and by an authorisation.
    function _notFunded(Terms memory terms) private {
        for (uint256 bit = 0; bit < 2 * NARROW; ++bit) {
            bytes memory fields = _widened(_fields(terms), bit);
            bytes memory acceptance = sign(FREELANCER_KEY, typed(_hashOf(fields, terms)));
            bytes[3] memory calls = [
                abi.encodeCall(escrow.fund, (terms, 1, NONE)),
                abi.encodeCall(escrow.fund, (terms, 1, acceptance)),
                abi.encodeCall(escrow.fundWithAuthorization, (terms, 1, NONE, authorize(terms, 1, terms.amounts[0])))
            ];
            for (uint256 k = 0; k < calls.length; ++k) {
                _put(calls[k], 4 + _get(calls[k], 4), fields);
                refused(client, calls[k], NONE);
            }
            same(escrow.statusesOf(typed(_hashOf(fields, terms))), 0, "law 18: nothing is funded");
        }
        same(escrow.statusesOf(idOf(terms)), 0, "law 18: nothing is funded");
    }

    // Calldata by hand

    /// `data`, in which `terms` are the given argument, with them written in this form.
    function _written(bytes memory data, Terms memory terms, uint256 argument) private view returns (bytes memory) {
        if (form == Form.Longer) return bytes.concat(data, _filling(45));
        // Nothing is left where they stood.
        data = bytes.concat(data);
        uint256 head = 4 + 32 * argument;
        uint256 length = terms.amounts.length;
        if (_get(data, head) <= data.length - 4 - 32 * (FIELDS + 2 + length)) {
            _put(data, 4 + _get(data, head), _filling(32 * (FIELDS + 2 + length)));
        }
        bytes memory amounts = bytes.concat(bytes32(length), abi.encodePacked(terms.amounts));
        uint256 place = data.length - 4 + 37;
        if (form == Form.Apart) {
            _set(data, head, place);
            bytes memory fields = bytes.concat(_fields(terms), bytes32(32 * (FIELDS + 1) + 45));
            return bytes.concat(data, _filling(37), fields, _filling(45), amounts, _filling(3));
        }
        uint256 gap = amounts.length + 45;
        _set(data, head, place + gap);
        bytes memory wrapping = bytes.concat(_fields(terms), bytes32(type(uint256).max - gap + 1));
        return bytes.concat(data, _filling(37), amounts, _filling(45), wrapping, _filling(3));
    }

    /// The fields before the amounts, a word each.
    function _fields(Terms memory terms) private pure returns (bytes memory fields) {
        bytes memory all = abi.encode(terms);
        fields = new bytes(32 * FIELDS);
        for (uint256 k = 0; k < fields.length; ++k) {
            fields[k] = all[32 + k];
        }
    }

    /// `fields` with one of them too wide: by the lowest bit beyond its type, or, from {NARROW} on, by the highest.
    function _widened(bytes memory fields, uint256 bit) private pure returns (bytes memory) {
        uint8[13] memory bytesOf = [20, 20, 20, 20, 20, 4, 4, 4, 2, 2, 5, 4, 2];
        if (bit < NARROW) fields[32 * bit + 31 - bytesOf[bit]] = 0x01;
        else fields[32 * (bit - NARROW)] = 0x80;
        return fields;
    }

    function _hashOf(bytes memory fields, Terms memory terms) private pure returns (bytes32) {
        return keccak256(bytes.concat(TERMS_TYPE, fields, keccak256(abi.encodePacked(terms.amounts))));
    }

    /// Bytes that are nothing.
    function _filling(uint256 length) private pure returns (bytes memory filling) {
        filling = new bytes(length);
        for (uint256 k = 0; k < length; ++k) {
            filling[k] = bytes1(uint8(0xff - k % 7));
        }
    }

    function _put(bytes memory data, uint256 position, bytes memory part) private pure {
        for (uint256 k = 0; k < part.length; ++k) {
            data[position + k] = part[k];
        }
    }

    function _get(bytes memory data, uint256 position) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(add(data, 0x20), position))
        }
    }

    function _set(bytes memory data, uint256 position, uint256 value) private pure {
        assembly ("memory-safe") {
            mstore(add(add(data, 0x20), position), value)
        }
    }
}
