/**
 * The metadata service of EC2, version 2: the one that asks for a token.
 *
 * @module
 */
export { ec2Metadata, type Ec2MetadataSettings } from './ec2-metadata.ts';
