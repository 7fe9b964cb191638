import { existsSync } from 'node:fs';
import type { Case } from '../case.ts';
import { work } from '../measure.ts';

const BUILT = new URL('../../dist/index.js', import.meta.url);
const NAME = "import 'tidemark'";

export const importing: Case = {
  name: 'import',
  title: 'what a program pays that imports the built package, beyond an empty process',
  figures: [
    { name: 'importMs', title: 'tidemark', unit: 'milliseconds' },
    { name: 'importS3Ms', title: 'tidemark/s3', unit: 'milliseconds' },
    { name: 'emptyMs', title: 'an empty process', unit: 'milliseconds' },
    { name: 'modules', title: 'modules', unit: 'number' },
    { name: 'sdkModules', title: 'modules of the AWS SDK', unit: 'number' },
  ],
  goals: [
    { figure: 'importMs', of: NAME, atMost: 30 },
    { figure: 'sdkModules', of: NAME, atMost: 0 },
  ],
  contenders: async () =>
    existsSync(BUILT)
      ? { runs: [{ name: NAME, command: () => work('import', '25') }], missing: [] }
      : { runs: [], missing: ['all: dist/ is not built; npm run build'] },
};
