import { useGraphiQL, useGraphiQLActions, useMonaco } from '@graphiql/react';
import type { editor } from 'monaco-editor';
import { useEffect } from 'react';

/** Names of the editors' themes below. */
export const EDITOR_THEMES = { dark: 'tributary-dark', light: 'tributary-light' };

const TRANSPARENT = '#ffffff00';

/** Accents have the hue of page.css's. Every text has a contrast of at least 4.5 to what is behind it, as WCAG asks. */
const DARK = {
  base: 'vs-dark' as const,
  accent: '#45ccbb',
  widget: '#212a3b',
  lineNumber: '#8c99b0',
  secondBracket: '#da70d6',
  rules: [
    { token: 'comment', foreground: '9aa9c2' },
    { token: 'argument.identifier.gql', foreground: 'a5a1ff' },
  ],
};
const LIGHT = {
  base: 'vs' as const,
  accent: '#0c7a76',
  widget: '#ffffff',
  lineNumber: '#237893',
  secondBracket: '#237a23',
  rules: [
    { token: 'comment', foreground: '5a6a85' },
    { token: 'argument.identifier.gql', foreground: '5a57c4' },
  ],
};

function themeOf(theme: typeof DARK | typeof LIGHT): editor.IStandaloneThemeData {
  const { base, accent, widget, lineNumber, secondBracket, rules } = theme;
  return {
    base,
    inherit: true,
    rules,
    colors: {
      // The panes behind the editors have the colour, and the shadows.
      'editor.background': TRANSPARENT,
      'scrollbar.shadow': TRANSPARENT,
      'editorLineNumber.foreground': lineNumber,
      'editorBracketHighlight.foreground2': secondBracket,
      'editorWidget.background': widget,
      'editorHoverWidget.background': widget,
      'editorSuggestWidget.background': widget,
      'editorSuggestWidget.selectedBackground': `${accent}26`,
      'list.hoverBackground': `${accent}1a`,
      'list.highlightForeground': accent,
      'menu.background': widget,
      'menu.selectionBackground': `${accent}26`,
      'quickInput.background': widget,
      'quickInputList.focusBackground': `${accent}26`,
      'textLink.foreground': accent,
      'textLink.activeForeground': accent,
      'editorLink.activeForeground': accent,
      focusBorder: accent,
    },
  };
}

/**
 * Gives the editors our themes, and lets them change with the system's, as the page around them does by itself;
 * shows nothing.
 */
export function Themes() {
  const monaco = useMonaco((state) => state.monaco);
  const theme = useGraphiQL((state) => state.theme);
  const { setTheme } = useGraphiQLActions();
  useEffect(() => {
    if (!monaco) return undefined;
    monaco.editor.defineTheme(EDITOR_THEMES.dark, themeOf(DARK));
    monaco.editor.defineTheme(EDITOR_THEMES.light, themeOf(LIGHT));
    // Also the editors that were made before the themes were known take them on.
    setTheme(theme);
    if (theme !== null) return undefined;
    const dark = window.matchMedia('(prefers-color-scheme: dark)');
    const follow = () => setTheme(null);
    dark.addEventListener('change', follow);
    return () => dark.removeEventListener('change', follow);
  }, [monaco, theme, setTheme]);
  return null;
}
