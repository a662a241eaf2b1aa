// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {PracticeToken} from "../../../contracts/mocks/PracticeToken.sol";
import {Amendment, Approval, Division, MilestoneView, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {IEscrow} from "./IEscrow.sol";
import {vm} from "./Vm.sol";

/// @title EscrowTest
/// @notice What every Foundry test here starts from: an escrow, a token, the people of a deal, and their signatures.
/// @dev Hashes are computed here by themselves, from the type strings that a wallet would see, so a slip in the
/// contract's own hashing makes every signature fail.
abstract contract EscrowTest {
    uint256 internal constant CLIENT_KEY = 0xC11E47;
    uint256 internal constant FREELANCER_KEY = 0xF4EE;
    uint256 internal constant STRANGER_KEY = 0x574A;
    uint256 internal constant WHOLE = 10_000;
    uint256 internal constant BEGIN = 1_800_000_000;

    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 internal constant TERMS_TYPE = keccak256(
        "Terms(address client,address freelancer,address payee,address arbiter,address token,uint32 reviewPeriod,uint32 responsePeriod,uint32 rulingPeriod,uint16 arbiterFeeBps,uint16 defaultBps,uint40 start,uint32 period,uint16 units,bytes32 scope,bytes32 salt,uint256[] amounts)"
    );
    bytes32 private constant APPROVAL_TYPE = keccak256("Approval(bytes32 agreement,uint8[] milestones,uint16[] units)");
    bytes32 private constant SETTLEMENT_TYPE = keccak256(
        "Settlement(bytes32 agreement,uint8 milestone,uint256 toFreelancer,uint256 toClient,uint40 expiresAt)"
    );
    bytes32 private constant DIVISION_TYPE =
        keccak256("Division(uint8 milestone,uint256 toFreelancer,uint256 toClient)");
    bytes32 private constant AMENDMENT_TYPE = keccak256(
        "Amendment(bytes32 agreement,Terms replacement,Division[] divisions,uint8[] funded,uint40 expiresAt)Division(uint8 milestone,uint256 toFreelancer,uint256 toClient)Terms(address client,address freelancer,address payee,address arbiter,address token,uint32 reviewPeriod,uint32 responsePeriod,uint32 rulingPeriod,uint16 arbiterFeeBps,uint16 defaultBps,uint40 start,uint32 period,uint16 units,bytes32 scope,bytes32 salt,uint256[] amounts)"
    );

    IEscrow internal escrow;
    PracticeToken internal token;
    address internal immutable client = vm.addr(CLIENT_KEY);
    address internal immutable freelancer = vm.addr(FREELANCER_KEY);
    address internal immutable stranger = vm.addr(STRANGER_KEY);
    address internal constant payee = address(0xBA4EE);
    address internal constant arbiter = address(0xA4B17E4);

    function setUp() public virtual {
        vm.warp(BEGIN);
        // From the artifact: what is tested is what was built, which lets a mutant take its place without a compilation.
        escrow = IEscrow(vm.deployCode("MilestoneEscrow.sol:MilestoneEscrow"));
        token = new PracticeToken();
        token.mint(client, type(uint192).max);
        vm.deal(client, type(uint192).max);
        vm.prank(client);
        token.approve(address(escrow), type(uint256).max);
    }

    // Terms

    /// A fixed price over the practice token, one milestone for each amount.
    function fixedPrice(uint256[] memory amounts) internal view returns (Terms memory terms) {
        terms.client = client;
        terms.freelancer = freelancer;
        terms.payee = payee;
        terms.arbiter = arbiter;
        terms.token = address(token);
        terms.reviewPeriod = 14 days;
        terms.responsePeriod = 7 days;
        terms.rulingPeriod = 30 days;
        terms.arbiterFeeBps = 500;
        terms.defaultBps = 5000;
        terms.amounts = amounts;
    }

    function fixedPrice(uint256 amount) internal view returns (Terms memory) {
        uint256[] memory amounts = new uint256[](1);
        amounts[0] = amount;
        return fixedPrice(amounts);
    }

    /// Weeks from now, each worth `amount` in `units`.
    function metered(uint256 amount, uint16 units) internal view returns (Terms memory terms) {
        terms = fixedPrice(amount);
        terms.start = uint40(block.timestamp);
        terms.period = 7 days;
        terms.units = units;
    }

    /// Changes `terms` themselves to the chain's coin.
    function inCoin(Terms memory terms) internal pure returns (Terms memory) {
        terms.token = address(0);
        return terms;
    }

    // Acts on the way to a situation

    /// Funds as accepted. Returns the agreement's id.
    function fund(Terms memory terms, uint64 milestones) internal returns (bytes32 agreement) {
        bytes memory acceptance = signTerms(FREELANCER_KEY, terms);
        uint256 value = terms.token == address(0) ? sumOf(terms, milestones) : 0;
        vm.prank(terms.client);
        escrow.fund{value: value}(terms, milestones, acceptance);
        return idOf(terms);
    }

    function submit(Terms memory terms, uint8 milestone, uint16 units) internal {
        vm.prank(terms.freelancer);
        escrow.submit(terms, milestone, units, 0);
    }

    function dispute(Terms memory terms, uint8 milestone, uint16 units, address by) internal {
        vm.prank(by);
        escrow.dispute(terms, milestone, units, 0);
    }

    function statusOf(Terms memory terms, uint256 milestone) internal view returns (Status) {
        return Status((escrow.statusesOf(idOf(terms)) >> (4 * milestone)) & 0xf);
    }

    function sumOf(Terms memory terms, uint64 milestones) internal pure returns (uint256 sum) {
        for (uint256 i = 0; i < 64; ++i) {
            if ((milestones >> i) & 1 == 1) sum += terms.amounts[terms.period == 0 ? i : 0];
        }
    }

    // Signatures, r and s and v

    function signTerms(uint256 key, Terms memory terms) internal view returns (bytes memory) {
        return sign(key, idOf(terms));
    }

    /// An approval of milestones by `key`; `units` empty for the whole of each.
    function signApproval(uint256 key, Terms memory terms, uint64 milestones, uint16[] memory units)
        internal
        view
        returns (Approval memory)
    {
        return Approval(milestones, units, sign(key, approvalDigest(terms, milestones, units)));
    }

    function signSettlement(uint256 key, Terms memory terms, Division memory division, uint40 expiresAt)
        internal
        view
        returns (bytes memory)
    {
        return sign(key, settlementDigest(terms, division, expiresAt));
    }

    function signAmendment(uint256 key, Terms memory terms, Terms memory replacement, Amendment memory amendment)
        internal
        view
        returns (bytes memory)
    {
        return sign(key, amendmentDigest(terms, replacement, amendment));
    }

    function approvalDigest(Terms memory terms, uint64 milestones, uint16[] memory units)
        internal
        view
        returns (bytes32)
    {
        return approvalDigest(idOf(terms), milestones, units);
    }

    function approvalDigest(bytes32 agreement, uint64 milestones, uint16[] memory units)
        internal
        view
        returns (bytes32)
    {
        bytes32 message = keccak256(
            abi.encode(APPROVAL_TYPE, agreement, _hashIndexes(milestones), keccak256(abi.encodePacked(_words(units))))
        );
        return typed(message);
    }

    function settlementDigest(Terms memory terms, Division memory division, uint40 expiresAt)
        internal
        view
        returns (bytes32)
    {
        return settlementDigest(idOf(terms), division, expiresAt);
    }

    function settlementDigest(bytes32 agreement, Division memory division, uint40 expiresAt)
        internal
        view
        returns (bytes32)
    {
        bytes32 message = keccak256(
            abi.encode(
                SETTLEMENT_TYPE, agreement, division.milestone, division.toFreelancer, division.toClient, expiresAt
            )
        );
        return typed(message);
    }

    function amendmentDigest(Terms memory terms, Terms memory replacement, Amendment memory amendment)
        internal
        view
        returns (bytes32)
    {
        return amendmentDigest(idOf(terms), hashOf(replacement), amendment);
    }

    function amendmentDigest(bytes32 agreement, bytes32 replacement, Amendment memory amendment)
        internal
        view
        returns (bytes32)
    {
        bytes memory divisions;
        for (uint256 k = 0; k < amendment.divisions.length; ++k) {
            divisions = bytes.concat(divisions, keccak256(abi.encode(DIVISION_TYPE, amendment.divisions[k])));
        }
        bytes32 message = keccak256(
            abi.encode(
                AMENDMENT_TYPE,
                agreement,
                replacement,
                keccak256(divisions),
                _hashIndexes(amendment.funded),
                amendment.expiresAt
            )
        );
        return typed(message);
    }

    function sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// The agreement's id, computed here.
    function idOf(Terms memory terms) internal view returns (bytes32) {
        return typed(hashOf(terms));
    }

    /// The EIP-712 struct hash of the terms, which is the same everywhere.
    function hashOf(Terms memory terms) internal pure returns (bytes32) {
        bytes memory head = abi.encode(
            TERMS_TYPE,
            terms.client,
            terms.freelancer,
            terms.payee,
            terms.arbiter,
            terms.token,
            terms.reviewPeriod,
            terms.responsePeriod
        );
        bytes memory tail = abi.encode(
            terms.rulingPeriod,
            terms.arbiterFeeBps,
            terms.defaultBps,
            terms.start,
            terms.period,
            terms.units,
            terms.scope,
            terms.salt,
            keccak256(abi.encodePacked(terms.amounts))
        );
        return keccak256(bytes.concat(head, tail));
    }

    function typed(bytes32 message) internal view returns (bytes32) {
        bytes32 domain =
            keccak256(abi.encode(DOMAIN_TYPE, keccak256("Milepost"), keccak256("1"), block.chainid, address(escrow)));
        return keccak256(abi.encodePacked("\x19\x01", domain, message));
    }

    function _hashIndexes(uint64 milestones) private pure returns (bytes32) {
        bytes memory words;
        for (uint256 i = 0; i < 64; ++i) {
            if ((milestones >> i) & 1 == 1) words = bytes.concat(words, bytes32(i));
        }
        return keccak256(words);
    }

    function _words(uint16[] memory units) private pure returns (uint256[] memory words) {
        words = new uint256[](units.length);
        for (uint256 k = 0; k < units.length; ++k) {
            words[k] = units[k];
        }
    }

    // Checks

    function same(uint256 actual, uint256 expected, string memory law) internal pure {
        require(actual == expected, string.concat(law, ": ", vm.toString(actual), ", expected ", vm.toString(expected)));
    }

    function holds(bool condition, string memory law) internal pure {
        require(condition, law);
    }
}
