//! The calls to contracts that we make, and nothing of when or why.

use alloy_sol_types::sol;

sol! {
    /// What is asked of a data NFT (Ocean's `ERC721Template`).
    #[allow(missing_docs)]
    interface DataNft {
        function getMetaData() external view returns (
            string decryptorUrl, string decryptorAddress, uint8 state, bool hasMetaData
        );
        function ownerOf(uint256 tokenId) external view returns (address owner);
    }

    /// What is asked of Ocean's `ERC721Factory`.
    #[allow(missing_docs)]
    interface Factory {
        function erc721List(address nft) external view returns (address known);
    }

    /// What is asked of a wallet that is a contract (ERC-1271).
    #[allow(missing_docs)]
    interface Wallet {
        function isValidSignature(bytes32 hash, bytes signature) external view returns (bytes4 magic);
    }
}
