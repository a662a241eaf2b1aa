// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";

/// @title IEscrow
/// @notice Everything that can be called on the deployed escrow.
/// @dev A test that imports the contract itself is compiled as the contract is, which takes minutes.
interface IEscrow is IMilestoneEscrow, IERC5267 {
    function multicall(bytes[] calldata data) external returns (bytes[] memory results);
}
