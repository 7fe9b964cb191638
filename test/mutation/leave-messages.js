// Leaves texts alone that are for people: a text with a space in it is a message, and no test should pin its words.
// What stands inside of such a text, its placeholders, is left alone with it.
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

const isMessage = ({ node }) =>
  node.type === 'TemplateLiteral'
    ? node.quasis.some(({ value }) => value.raw.includes(' '))
    : node.type === 'StringLiteral' && node.value.includes(' ');

export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, 'messages', {
    shouldIgnore: (path) => (isMessage(path) ? 'It is a message for people.' : undefined),
  }),
];
