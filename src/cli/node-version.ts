// Whether the Node that runs can run this program. Asked before the rest is loaded: an older one would end in the
// midst with the name of a function that it lacks.
import manifest from '../../package.json' with { type: 'json' };

/** What is wrong with a version of Node such as `22.18.0`; undefined when it will do. */
export function nodeProblem(version: string): string | undefined {
  const wanted = manifest.engines.node.replace('>=', '');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return undefined;
  return `this is Node ${version}, and Node ${wanted} or later is needed; put it first in PATH`;
}
