// @tidegate/sdk: pins content with a Tidegate server, and downloads what it sells. See README.md.

import { getFileHash } from './content/hash.js';
import { signCid } from './signature/index.js';
import { clearToken, getToken } from './token.js';

export { Client, create, listEndpoints } from './client.js';
export type { Cancel, Endpoint, JobFilter, JobList, JobStatus, Page, PinFilter, PinHashRes, PinList } from './client.js';
export { configure } from './settings.js';
export type { CloudOptions, Defaults, Options } from './settings.js';
export { TidegateError } from './errors.js';
export type { HashOptions } from './content/hash.js';
export type { Bytes } from './content/bytes.js';
export type { FileContent, FileEntry, PinInput } from './content/input.js';
export type { ProfileName } from './content/profile.js';
export type { PinFileOptions, PinRes, Visibility } from './upload/pin-file.js';
export type { OnProgress, Progress } from './upload/progress.js';
export type { ResumeStore } from './upload/store.js';
export { Access } from './access/access.js';
export type { AccessOptions, DownloadCall, InitializeOptions, Quote, ServiceOptions } from './access/access.js';
export { Download } from './access/download.js';
export type { DownloadOptions } from './access/download.js';
export { chooseFile } from './access/save.js';
export type { FileHandle, SaveOptions } from './access/save.js';
export type { Eip1193Provider, MessageSigner, Wallet } from './access/signer.js';

/** What can be done without an account: CIDs of content, and signatures of CIDs. */
export const utils = { getFileHash, signCid };

/** The access tokens that clients use. They get and renew them by themselves. */
export const token = { getToken, clearToken };
