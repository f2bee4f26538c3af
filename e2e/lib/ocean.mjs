// Ocean's contracts, deployed as its own scripts do on a development chain, from the artifacts that it publishes.

import { createRequire } from 'node:module';
import { writeFileSync } from 'node:fs';
import { Contract, ContractFactory, parseEther } from 'ethers';
import { CHAIN_ID, Chain } from './chain.mjs';

const require = createRequire(import.meta.url);
/** Where fees of pools would go, which are no longer part of Ocean. */
const DEAD_ADDRESS = '0x000000000000000000000000000000000000dEaD';

/** Where each artifact lies in the package, for those that are needed here. */
const ARTIFACTS = {
  Dispenser: 'pools/dispenser/Dispenser.sol',
  ERC20Template: 'templates/ERC20Template.sol',
  ERC20TemplateEnterprise: 'templates/ERC20TemplateEnterprise.sol',
  ERC721Factory: 'ERC721Factory.sol',
  ERC721Template: 'templates/ERC721Template.sol',
  FactoryRouter: 'pools/FactoryRouter.sol',
  FixedRateExchange: 'pools/fixedRate/FixedRateExchange.sol',
  OPFCommunityFeeCollector: 'communityFee/OPFCommunityFeeCollector.sol',
  OceanToken: 'utils/OceanToken.sol',
};

/** The compiled contract of that name: its ABI and its code. */
export function artifact(name) {
  return require(`@oceanprotocol/contracts/artifacts/contracts/${ARTIFACTS[name]}/${name}.json`);
}

/** The contract of that name at `address`, spoken to as `runner`. */
export function contractAt(name, address, runner) {
  return new Contract(address, artifact(name).abi, runner);
}

/** Deploys everything as `owner`, writes the address file that Ocean's programs read, and gives the addresses. */
export async function deployOcean(owner, addressFile) {
  const startBlock = (await owner.provider.getBlockNumber()) + 1;
  const deploy = async (name, ...args) => {
    const { abi, bytecode } = artifact(name);
    const contract = await new ContractFactory(abi, bytecode, owner).deploy(...args);
    return contract.waitForDeployment();
  };
  const me = await owner.getAddress();

  const token = await deploy('OceanToken', me);
  await Chain.done(token.mint(me, parseEther('1000000')));
  const collector = await deploy('OPFCommunityFeeCollector', me, me);
  const router = await deploy('FactoryRouter', me, token.target, DEAD_ADDRESS, collector.target, []);
  const fixedRate = await deploy('FixedRateExchange', router.target);
  const dispenser = await deploy('Dispenser', router.target);
  const datatoken = await deploy('ERC20Template');
  const enterprise = await deploy('ERC20TemplateEnterprise');
  const nft = await deploy('ERC721Template');
  const factory = await deploy('ERC721Factory', nft.target, datatoken.target, router.target);
  await Chain.done(factory.addTokenTemplate(enterprise.target));
  await Chain.done(router.addFactory(factory.target));
  await Chain.done(router.addFixedRateContract(fixedRate.target));
  await Chain.done(router.addDispenserContract(dispenser.target));

  const addresses = {
    chainId: CHAIN_ID,
    startBlock,
    Ocean: token.target,
    OPFCommunityFeeCollector: collector.target,
    Router: router.target,
    FixedPrice: fixedRate.target,
    Dispenser: dispenser.target,
    ERC20Template: { 1: datatoken.target, 2: enterprise.target },
    ERC721Template: { 1: nft.target },
    ERC721Factory: factory.target,
  };
  writeFileSync(addressFile, JSON.stringify({ development: addresses }, undefined, 2));
  return addresses;
}
