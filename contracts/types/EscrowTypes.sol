// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice Where a milestone stands. Four bits each, 64 to a storage slot.
/// @dev A clock runs in Submitted, RefundRequested and Disputed. Once it has run out, anybody may carry out what it
/// decides; time alone never changes the stored status. Approved is for the whole amount; PartlyApproved for less, as
/// the clock's units say. Paid, Refunded and Split are final: all to the freelancer, all to the client, divided.
enum Status {
    None,
    Offered,
    Active,
    Approved,
    // From here on the milestone's clock counts.
    Submitted,
    PartlyApproved,
    RefundRequested,
    Disputed,
    // From here on nothing changes.
    Paid,
    Refunded,
    Split
}

/// @notice The whole deal. Its EIP-712 digest is the agreement's id and what the freelancer signs.
/// @dev Fixed once the first milestone is funded; nothing of it is stored.
struct Terms {
    /// Who funds, approves and receives refunds.
    address client;
    /// Who works, submits and disputes.
    address freelancer;
    /// Who receives the freelancer's money: not the token, the arbiter or the escrow. Of the coin, nobody whose code
    /// books it to its sender, as a wrapped coin does: there it is lost.
    address payee;
    /// Who rules on disputes. Zero: nobody, so every dispute ends by settlement, concession or `defaultBps`.
    address arbiter;
    /// ERC-20 token, or zero for the chain's own coin.
    address token;
    /// Seconds the client has to answer a submission.
    uint32 reviewPeriod;
    /// Seconds the freelancer has to answer a refund request.
    uint32 responsePeriod;
    /// Seconds the arbiter has to rule.
    uint32 rulingPeriod;
    /// Arbiter's fee in 10,000ths of the disputed amount, taken only when the arbiter rules.
    uint16 arbiterFeeBps;
    /// Freelancer's share in 10,000ths of the disputed amount when the arbiter stays silent.
    uint16 defaultBps;
    /// Metering: Unix time at which milestone 0 begins. Zero for a fixed price.
    uint40 start;
    /// Metering: seconds a milestone covers. Zero for a fixed price.
    uint32 period;
    /// Metering: units that make up the whole of a milestone. Zero for a fixed price, which counts in 10,000ths.
    uint16 units;
    /// Hash of the human-readable agreement.
    bytes32 scope;
    /// Makes equal deals distinct.
    bytes32 salt;
    /// Token base units per milestone; with a `period`, the one amount that every period repeats.
    uint256[] amounts;
}

/// @notice The client's promise to pay milestones, made by signature or by sending the call.
struct Approval {
    /// Bit i set: milestone i is approved.
    uint64 milestones;
    /// Units approved for each set bit, lowest first. Empty means the whole of each; only a fixed price may leave it empty.
    /// One number of zero or above the whole makes the approval void for all its milestones.
    uint16[] units;
    /// The client's EIP-712 signature of the approval. Not read when the client sends the call.
    bytes signature;
}

/// @notice How what is open of one milestone is divided.
struct Division {
    /// Index of the milestone.
    uint8 milestone;
    /// Token base units to the payee.
    uint256 toFreelancer;
    /// Token base units to the client.
    uint256 toClient;
}

/// @notice What the client asks to change, and the freelancer's signature of it. What is signed carries the id of the
/// agreement that stands and the terms of the replacement in full.
struct Amendment {
    /// How the open milestones that the change ends are divided.
    Division[] divisions;
    /// Bit i set: milestone i of the replacement is funded.
    uint64 funded;
    /// Unix time from which the amendment is no longer valid.
    uint40 expiresAt;
    /// The freelancer's EIP-712 signature of the amendment.
    bytes signature;
}

/// @notice The client's ERC-3009 authorisation to fund; its nonce is `keccak256(abi.encode(agreement, milestones))`.
struct Authorization {
    /// Unix time after which it is valid.
    uint256 validAfter;
    /// Unix time before which it is valid.
    uint256 validBefore;
    uint8 v;
    bytes32 r;
    bytes32 s;
}

/// @notice The clock of a milestone and the units at stake. All zero where none was started, where a submission was
/// sent back, where the whole is approved, and after the end.
struct Clock {
    /// Unix time at which the clock started.
    uint40 since;
    /// Units the freelancer claims; zero means the whole.
    uint16 claimed;
    /// Units under dispute; zero where there is none.
    uint16 disputed;
}

/// @notice One milestone seen at one moment.
struct MilestoneView {
    Status status;
    Clock clock;
    /// Unix time at which the awaited party is late; zero where nobody is awaited by a clock.
    uint40 deadline;
    /// Whether the deadline has passed, so that anybody may carry out the outcome.
    bool isLate;
    /// Token base units held for the milestone.
    uint256 open;
    /// Token base units to the payee if nobody acts; zero while Offered or Active, where nothing comes by itself.
    uint256 toFreelancer;
    /// Token base units to the client if nobody acts; while Offered or Active, what the client can ask back.
    uint256 toClient;
}
