// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title NumberedToken
/// @notice A collection of single things (ERC-721): what a token reads as an amount, it reads as the number of one
/// thing.
contract NumberedToken {
    mapping(uint256 thing => address) public ownerOf;
    mapping(address owner => uint256) public balanceOf;
    mapping(address owner => mapping(address operator => bool)) public isApprovedForAll;

    error NotOwner(address from, uint256 thing);

    function mint(address to, uint256 thing) external {
        ownerOf[thing] = to;
        ++balanceOf[to];
    }

    function setApprovalForAll(address operator, bool isApproved) external {
        isApprovedForAll[msg.sender][operator] = isApproved;
    }

    function transferFrom(address from, address to, uint256 thing) external {
        if (ownerOf[thing] != from || (msg.sender != from && !isApprovedForAll[from][msg.sender])) {
            revert NotOwner(from, thing);
        }
        ownerOf[thing] = to;
        --balanceOf[from];
        ++balanceOf[to];
    }
}
