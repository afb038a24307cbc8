export { parse } from 'yaml'; // bites: depcruise adapters-one-sdk-artifact-format
